// SPDX-License-Identifier: Apache-2.0
#include "base/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace spotter {
namespace {

TEST(Encoder, WritesTheseBytes) {
  struct Case {
    std::string encoded;
    std::string expected;
  };
  using namespace std::string_literals;
  const Case cases[] = {
      {Encoder().Varint(0).Take(), "\x00"s},
      {Encoder().Varint(127).Take(), "\x7f"s},
      {Encoder().Varint(300).Take(), "\xac\x02"s},
      {Encoder().Varint(~0ull).Take(), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s},
      {Encoder().Signed(-1).Take(), "\x01"s},
      {Encoder().Signed(1).Take(), "\x02"s},
      {Encoder().Bytes("ab").Take(), "\x02"s + "ab"},
      {Encoder().Double(1.0).Take(), "\0\0\0\0\0\0\xf0\x3f"s},
      {Encoder().Fixed32(1).Take(), "\0\0\0\x01"s},
      {Encoder().Fixed64(258).Take(), "\0\0\0\0\0\0\x01\x02"s},
      {Encoder().OrderedTime({0}).Take(), "\x80\0\0\0\0\0\0\0"s},
      {Encoder().Terminated("a").Take(), "a\0"s},
      {Encoder().Terminated("\0\1\2"s).Take(), "\1\1\1\2\2\0"s},
      {Encoder().Hash({1, 2}).Take(), "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2"s},
  };
  for (const Case& c : cases) EXPECT_EQ(c.encoded, c.expected);
}

RC_GTEST_PROP(Codec, ReadsWhatItWrote,
              (uint8_t byte, uint64_t varint, int64_t number, std::string text, bool flag,
               uint64_t bits, uint32_t fixed32, uint64_t fixed64, int64_t ms, std::string key)) {
  const auto real = std::bit_cast<double>(bits);
  Encoder encoder;
  encoder.Byte(byte).Varint(varint).Signed(number).Bytes(text).Bool(flag).Double(real);
  encoder.Fixed32(fixed32).Fixed64(fixed64).OrderedTime({ms}).Terminated(key).Time({ms});
  encoder.Hash({varint, fixed64});
  Decoder decoder(encoder.view());
  RC_ASSERT(decoder.Byte() == byte);
  RC_ASSERT(decoder.Varint() == varint);
  RC_ASSERT(decoder.Signed() == number);
  RC_ASSERT(decoder.Bytes() == text);
  RC_ASSERT(decoder.Bool() == flag);
  RC_ASSERT(std::bit_cast<uint64_t>(decoder.Double()) == bits);
  RC_ASSERT(decoder.Fixed32() == fixed32);
  RC_ASSERT(decoder.Fixed64() == fixed64);
  RC_ASSERT(decoder.OrderedTime() == EventTime{ms});
  RC_ASSERT(decoder.Terminated() == key);
  RC_ASSERT(decoder.Time() == EventTime{ms});
  RC_ASSERT((decoder.Hash() == Hash128{varint, fixed64}));
  RC_ASSERT(decoder.Done("test").ok());
}

// Small alphabets meet the escapes, the terminator and common prefixes often.
rc::Gen<std::string> KeyText() {
  return rc::gen::container<std::string>(rc::gen::element('\0', '\1', '\2', 'a', '\xff'));
}

RC_GTEST_PROP(Codec, KeepsTheOrderOfTerminatedText, ()) {
  const std::string a = *KeyText();
  const std::string b = *KeyText();
  const uint64_t after_a = *rc::gen::arbitrary<uint64_t>();
  const uint64_t after_b = *rc::gen::arbitrary<uint64_t>();
  const std::string key_a = Encoder().Terminated(a).Fixed64(after_a).Take();
  const std::string key_b = Encoder().Terminated(b).Fixed64(after_b).Take();
  RC_ASSERT((key_a < key_b) == (std::tie(a, after_a) < std::tie(b, after_b)));
}

RC_GTEST_PROP(Codec, TerminatedTextIsPrefixFree, ()) {
  const std::string a = *KeyText();
  const std::string b = *KeyText();
  RC_PRE(a != b);
  RC_ASSERT(!Encoder().Terminated(a).view().starts_with(Encoder().Terminated(b).view()));
}

RC_GTEST_PROP(Codec, KeepsTheOrderOfNumbersAndTimes, (int64_t a, int64_t b)) {
  const auto ua = static_cast<uint64_t>(a);
  const auto ub = static_cast<uint64_t>(b);
  RC_ASSERT((Encoder().Fixed64(ua).view() < Encoder().Fixed64(ub).view()) == (ua < ub));
  RC_ASSERT((Encoder().OrderedTime({a}).view() < Encoder().OrderedTime({b}).view()) == (a < b));
  const auto a32 = static_cast<uint32_t>(ua);
  const auto b32 = static_cast<uint32_t>(ub);
  RC_ASSERT((Encoder().Fixed32(a32).view() < Encoder().Fixed32(b32).view()) == (a32 < b32));
}

RC_GTEST_PROP(Decoder, SurvivesAnyBytes, (std::string bytes, std::vector<uint8_t> readers)) {
  Decoder decoder(bytes);
  for (const uint8_t reader : readers) {
    switch (reader % 8) {
      case 0:
        decoder.Byte();
        break;
      case 1:
        decoder.Varint();
        break;
      case 2:
        decoder.Bytes();
        break;
      case 3:
        decoder.Double();
        break;
      case 4:
        decoder.Hash();
        break;
      case 5:
        decoder.Fixed32();
        break;
      case 6:
        decoder.OrderedTime();
        break;
      default:
        decoder.Terminated();
        break;
    }
  }
  RC_ASSERT(decoder.rest().size() <= bytes.size());
}

// One value has one encoding.
RC_GTEST_PROP(Decoder, AcceptsOnlyTheCanonicalVarint, (std::string bytes)) {
  Decoder decoder(bytes);
  const uint64_t value = decoder.Varint();
  if (decoder.ok()) RC_ASSERT(std::string(bytes).starts_with(Encoder().Varint(value).view()));
}

TEST(Decoder, FailsForGoodAndYieldsZeroValues) {
  using namespace std::string_literals;
  const std::string malformed[] = {""s, "\x80"s, "\x80\x00"s,
                                   "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s,
                                   "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s};
  for (const std::string& bytes : malformed) {
    Decoder decoder(bytes);
    EXPECT_EQ(decoder.Varint(), 0u);
    EXPECT_FALSE(decoder.ok());
    EXPECT_EQ(decoder.Byte(), 0u);
    EXPECT_EQ(decoder.Hash(), Hash128{});
    EXPECT_EQ(decoder.OrderedTime(), EventTime{});
    EXPECT_EQ(decoder.Done("timer 7").code(), StatusCode::kDataLoss);
  }
  Decoder unterminated("abc");
  EXPECT_EQ(unterminated.Terminated(), "");
  EXPECT_FALSE(unterminated.ok());
  const std::string unknown_escape = "\1\3\0"s;
  Decoder bad_escape(unknown_escape);
  bad_escape.Terminated();
  EXPECT_FALSE(bad_escape.ok());
  const std::string longer_than_it_is = Encoder().Varint(~0ull).Raw("abc").Take();
  Decoder long_length(longer_than_it_is);
  EXPECT_EQ(long_length.Bytes(), "");
  EXPECT_FALSE(long_length.ok());
}

TEST(Decoder, NamesWhatHasBytesLeft) {
  const Status status = Decoder("abc").Done("timer 7");
  EXPECT_EQ(MessageOf(status), "timer 7: 3 bytes follow the last field");
}

}  // namespace
}  // namespace spotter
