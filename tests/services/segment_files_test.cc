// SPDX-License-Identifier: Apache-2.0
#include "services/spotterctl/segment_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace spotter::ctl {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class SegmentFiles : public testing::Test {
 protected:
  SegmentFiles() {
    std::string name = (fs::temp_directory_path() / "segment_files_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~SegmentFiles() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& yaml) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << yaml;
  }
  void Segment(const std::string& name, const std::string& id, const std::string& when) const {
    Write(name, fmt::format("segment: {}\nwhen: \"{}\"\n", id, when));
  }
  // The ids in order, or the error without the folder's name.
  std::string Read() const {
    const auto files = ReadSegmentFiles({root_.string()});
    if (!files.ok()) {
      std::string message(MessageOf(files.status()));
      for (size_t at; (at = message.find(root_.string() + "/")) != std::string::npos;) {
        message.erase(at, root_.string().size() + 1);
      }
      return message;
    }
    std::string ids;
    for (const SegmentFile& file : *files) ids += file.definition.id + " ";
    return ids;
  }

  fs::path root_;
};

TEST_F(SegmentFiles, ComeBehindThoseThatTheyRead) {
  Segment("a.yaml", "top", "segment('middle') && segment('elsewhere')");
  Segment("b.yml", "middle", "segment('base') || segment('other')");
  Segment("sub/c.yaml", "base", "true");
  Segment("sub/d.yaml", "other", "segment('base')");
  Write("e.txt", "nothing of ours");
  Write("journey.yaml", "# beside them\njourney: hello\nsteps: []\n");
  EXPECT_EQ("base other middle top ", Read());
}

TEST_F(SegmentFiles, AreRefusedByName) {
  Segment("a.yaml", "one", "segment('two')");
  Segment("b.yaml", "two", "segment('one')");
  EXPECT_EQ("a.yaml: segment 'one' refers to itself in a circle", Read());
  Segment("b.yaml", "one", "true");
  EXPECT_EQ("b.yaml: segment 'one' is in a.yaml already", Read());
  Segment("b.yaml", "two", "events('vist').exists()");
  EXPECT_NE(std::string::npos, Read().find("b.yaml: segment 'two': ")) << Read();
  Write("b.yaml", "segmnt: two\n");
  EXPECT_EQ(0U, Read().find("b.yaml: ")) << Read();
  fs::remove(root_ / "a.yaml");
  fs::remove(root_ / "b.yaml");
  EXPECT_EQ(0U, Read().find("no segment in ")) << Read();
}

TEST(DiffOf, ShowsClausesThatChange) {
  const model::SegmentDefinition before{
      .id = "s", .title = "S", .expression = "a(x && y) && 'p && q' == b && c"};
  model::SegmentDefinition after = before;
  EXPECT_EQ((Lines{"  title: S", "  a(x && y)", "  && 'p && q' == b", "  && c"}),
            DiffOf(&before, after));
  after.title = "New";
  after.expression = "a(x && y) && d && c";
  EXPECT_EQ((Lines{"- title: S", "+ title: New", "  a(x && y)", "- && 'p && q' == b", "+ && d",
                   "  && c"}),
            DiffOf(&before, after));
  EXPECT_EQ((Lines{"+ title: New", "+ a(x && y)", "+ && d", "+ && c"}), DiffOf(nullptr, after));
}

TEST(Sparkline, GoesFromNothingToTheMost) {
  EXPECT_EQ("", Sparkline({}));
  EXPECT_EQ("▁▁", Sparkline({0, 0}));
  EXPECT_EQ("▁▄█", Sparkline({0, 50, 100}));
}

TEST(ProgressBar, IsFullWhenAllIsDone) {
  EXPECT_EQ("[                              ]   0 %", ProgressBar(0, 10));
  EXPECT_EQ("[===============               ]  50 %", ProgressBar(5, 10));
  EXPECT_EQ("[==============================] 100 %", ProgressBar(0, 0));
}

}  // namespace
}  // namespace spotter::ctl
