// SPDX-License-Identifier: Apache-2.0
#include "services/program/settings.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace spotter::service {
namespace {

// Settings of every kind, and what became of them.
struct Sample {
  std::string name = "none";
  int count = 1;
  bool flag = false;
  std::vector<std::string> list;
  std::map<std::string, std::string> passed;

  Outcome Parse(std::vector<const char*> arguments) {
    Settings settings("sample", "A sample.", "");
    settings.Add("name", "a text", name);
    settings.Add("count", "a number", count);
    settings.Add("flag", "a flag", flag);
    settings.Add("list", "a list", list);
    settings.AddPassed("kafka", "somebody else's", passed);
    arguments.insert(arguments.begin(), "sample");
    return settings.Parse(static_cast<int>(arguments.size()), arguments.data(),
                          [] { return OkStatus(); });
  }
};

class SettingsTest : public testing::Test {
 protected:
  ~SettingsTest() override { std::remove(path_.c_str()); }
  const char* File(std::string_view text) {
    std::ofstream(path_) << text;
    return path_.c_str();
  }
  const std::string path_ = testing::TempDir() + "settings_test.yaml";
  Sample sample_;
};

TEST_F(SettingsTest, AFlagWinsOverTheFile) {
  const Outcome outcome = sample_.Parse(
      {"--config", File("name: file\ncount: 7\nlist: a,b\nflag: true\n"), "--name", "flag"});
  EXPECT_TRUE(outcome.runs) << outcome.output;
  EXPECT_EQ("flag", sample_.name);
  EXPECT_EQ(7, sample_.count);
  EXPECT_TRUE(sample_.flag);
  EXPECT_EQ((std::vector<std::string>{"a", "b"}), sample_.list);
}

TEST_F(SettingsTest, PassesOnWhatIsSomebodyElses) {
  const Outcome outcome = sample_.Parse(
      {"--kafka.sasl.username=me", "--config",
       File("kafka: {security.protocol: ssl, sasl.username: you}\nkafka.linger.ms: 5\n"),
       "--kafka.a=b=c"});
  EXPECT_TRUE(outcome.runs) << outcome.output;
  EXPECT_EQ(
      (std::map<std::string, std::string>{
          {"a", "b=c"}, {"linger.ms", "5"}, {"sasl.username", "me"}, {"security.protocol", "ssl"}}),
      sample_.passed);
}

TEST_F(SettingsTest, SaysWhatIsWrong) {
  EXPECT_EQ("error: --kafka.acks: expected --kafka.NAME=VALUE\n",
            sample_.Parse({"--kafka.acks"}).output);
  EXPECT_EQ("error: count: 'x' is not a whole number from 0 up\n",
            sample_.Parse({"--count", "x"}).output);
  const Outcome unknown = sample_.Parse({"--config", File("nam: x\n")});
  EXPECT_EQ(2, unknown.exit_code);
  EXPECT_NE(std::string::npos, unknown.output.find("unknown key 'nam' at line 1; did you mean"))
      << unknown.output;
}

}  // namespace
}  // namespace spotter::service
