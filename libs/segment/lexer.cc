// SPDX-License-Identifier: Apache-2.0
#include "segment/lexer.h"

#include <array>
#include <charconv>
#include <utility>

#include "segment/utf8.h"

namespace spotter::segment {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// Of a decimal number that no double holds: is it too small, not too large?
bool IsTiny(std::string_view digits) {
  const size_t exponent = digits.find_first_of("eE");
  return exponent != std::string_view::npos ? digits[exponent + 1] == '-'
                                            : digits.starts_with("0.") || digits.starts_with(".");
}
bool StartsName(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Longest first, so that "<=" is not read as "<".
constexpr std::array<std::string_view, 24> kSymbols = {
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/",
    "%",  "!",  "?",  ":",  "(",  ")",  "[", "]", "{", "}", ".", ",",
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  StatusOr<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    for (;;) {
      SkipBlanks();
      start_ = position_;
      if (at_ >= text_.size()) break;
      SPOTTER_ASSIGN_OR_RETURN(Token token, Next());
      token.position = start_;
      tokens.push_back(std::move(token));
    }
    tokens.push_back({.kind = TokenKind::kEnd, .position = position_});
    return tokens;
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool LooksAt(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void Advance(size_t bytes = 1) {
    for (; bytes > 0; --bytes, ++at_) {
      if (text_[at_] == '\n') {
        position_ = {.line = position_.line + 1, .column = 1};
      } else if (!IsUtf8Continuation(text_[at_])) {
        ++position_.column;
      }
    }
  }

  void SkipBlanks() {
    for (; at_ < text_.size(); Advance()) {
      if (LooksAt("//")) {
        while (at_ + 1 < text_.size() && text_[at_] != '\n') Advance();
      } else if (std::string_view(" \t\r\n\f").find(text_[at_]) == std::string_view::npos) {
        return;
      }
    }
  }

  StatusOr<Token> Next() {
    const char c = Peek();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (size_t prefix = StringPrefix(); prefix != std::string_view::npos) return String(prefix);
    if (c == '`') return QuotedName();
    if (StartsName(c)) {
      const size_t begin = at_;
      while (StartsName(Peek()) || IsDigit(Peek())) Advance();
      return Token{.kind = TokenKind::kName, .text = std::string(text_.substr(begin, at_ - begin))};
    }
    for (const std::string_view symbol : kSymbols) {
      if (!LooksAt(symbol)) continue;
      Advance(symbol.size());
      return Token{.kind = TokenKind::kSymbol, .text = std::string(symbol)};
    }
    if (c == '=') return ErrorAt(start_, "unexpected '='", "equality is written '=='");
    if (c == '&' || c == '|') {
      return ErrorAt(start_, fmt::format("unexpected '{}'", c), "logic is written '&&' and '||'");
    }
    return ErrorAt(start_,
                   fmt::format("unexpected character '{}'", FirstCharacter(text_.substr(at_))));
  }

  StatusOr<Token> Number() {
    const size_t begin = at_;
    const bool is_hex = Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X');
    bool is_real = false;
    if (is_hex) Advance(2);
    const auto skip_digits = [&] {
      while (IsDigit(Peek()) || (is_hex && HexDigit(Peek()) >= 0)) Advance();
    };
    skip_digits();
    if (!is_hex && Peek() == '.' && IsDigit(Peek(1))) {
      is_real = true;
      Advance();
      skip_digits();
    }
    if (!is_hex && (Peek() == 'e' || Peek() == 'E')) {
      const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
      if (!IsDigit(Peek(1 + sign))) return ErrorAt(start_, "a number ends in its exponent's sign");
      is_real = true;
      Advance(1 + sign);
      skip_digits();
    }
    const std::string_view digits = text_.substr(begin, at_ - begin);
    const bool is_unsigned = !is_real && (Peek() == 'u' || Peek() == 'U');
    if (is_unsigned) Advance();
    if (StartsName(Peek())) {
      return ErrorAt(position_, fmt::format("unexpected '{}' after the number {}", Peek(), digits),
                     "spans of time are written days(14), hours(2), minutes(30)");
    }
    Token token{.kind = is_real       ? TokenKind::kDouble
                        : is_unsigned ? TokenKind::kUint
                                      : TokenKind::kInt,
                .text = std::string(digits)};
    const char* end = digits.data() + digits.size();
    const auto read = is_real  ? std::from_chars(digits.data(), end, token.real)
                      : is_hex ? std::from_chars(digits.data() + 2, end, token.magnitude, 16)
                               : std::from_chars(digits.data(), end, token.magnitude);
    // What is too small for a double is zero, as in IEEE 754.
    const bool is_tiny = is_real && read.ec == std::errc::result_out_of_range && IsTiny(digits);
    if (is_tiny) {
      token.real = 0;
    } else if (read.ec != std::errc() || read.ptr != end) {
      return ErrorAt(start_, fmt::format("number {} is out of range", digits));
    }
    return token;
  }

  // Bytes before the opening quote of a string that starts here; npos if none does.
  size_t StringPrefix() const {
    size_t prefix = 0;
    while (prefix < 2 && std::string_view("rRbB").find(Peek(prefix)) != std::string_view::npos &&
           Peek(prefix) != '\0') {
      ++prefix;
    }
    return Peek(prefix) == '\'' || Peek(prefix) == '"' ? prefix : std::string_view::npos;
  }

  StatusOr<Token> String(size_t prefix) {
    bool is_raw = false;
    bool is_bytes = false;
    for (size_t i = 0; i < prefix; ++i) {
      bool& flag = Peek(i) == 'b' || Peek(i) == 'B' ? is_bytes : is_raw;
      if (flag) return ErrorAt(start_, fmt::format("a string has one '{}' at most", Peek(i)));
      flag = true;
    }
    Advance(prefix);
    const std::string quote(Peek(1) == Peek() && Peek(2) == Peek() ? 3 : 1, Peek());
    Advance(quote.size());
    Token token{.kind = is_bytes ? TokenKind::kBytes : TokenKind::kString};
    while (!LooksAt(quote)) {
      const char c = Peek();
      if (at_ >= text_.size() || (quote.size() == 1 && (c == '\n' || c == '\r'))) {
        return ErrorAt(start_, "string has no end", fmt::format("expected {}", quote));
      }
      if (c == '\\' && !is_raw) {
        SPOTTER_RETURN_IF_ERROR(Escape(is_bytes, token.text));
      } else {
        token.text.push_back(c);
        Advance();
      }
    }
    Advance(quote.size());
    return token;
  }

  StatusOr<Token> QuotedName() {
    Advance();
    Token token{.kind = TokenKind::kQuotedName};
    while (Peek() != '`') {
      const char c = Peek();
      const bool is_allowed =
          StartsName(c) || IsDigit(c) || (c != '\0' && std::string_view(".-/ ").find(c) < 4);
      if (!is_allowed) {
        return ErrorAt(position_, "a quoted name has no end", "expected letters, digits or ._-/ `");
      }
      token.text.push_back(c);
      Advance();
    }
    if (token.text.empty()) return ErrorAt(start_, "a quoted name is empty");
    Advance();
    return token;
  }

  // In bytes, \x and octal escapes are bytes rather than characters.
  Status Escape(bool is_bytes, std::string& out) {
    static constexpr std::string_view kNames = "abfnrtv\\?\"'`";
    static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\?\"'`";
    const Position at = position_;
    Advance();
    const char c = Peek();
    if (const size_t simple = kNames.find(c); c != '\0' && simple != std::string_view::npos) {
      Advance();
      out.push_back(kValues[simple]);
      return OkStatus();
    }
    const bool is_octal = c >= '0' && c <= '3';
    const size_t digits = is_octal ? 3 : c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) return ErrorAt(at, "unknown escape in a string", R"(write a backslash as \\)");
    if (!is_octal) Advance();
    uint32_t code = 0;
    for (size_t i = 0; i < digits; ++i) {
      const int digit = HexDigit(Peek());
      if (digit < 0 || (is_octal && digit > 7)) {
        return ErrorAt(at, fmt::format("the escape needs {} digits", digits));
      }
      code = code * (is_octal ? 8 : 16) + static_cast<uint32_t>(digit);
      Advance();
    }
    if (is_bytes && digits <= 3) {
      out.push_back(static_cast<char>(code));
      return OkStatus();
    }
    if (is_bytes) return ErrorAt(at, "bytes have no escapes of characters", "write \\xNN");
    if (!AppendUtf8(code, out)) return ErrorAt(at, "the escape is not a Unicode character");
    return OkStatus();
  }

  std::string_view text_;
  size_t at_ = 0;
  Position position_;
  Position start_;  // of the current token
};

}  // namespace

Status ErrorAt(Position position, std::string_view what, std::string_view hint) {
  return InvalidArgument("{} at {}:{}{}{}", what, position.line, position.column,
                         hint.empty() ? "" : "; ", hint);
}

StatusOr<std::vector<Token>> Tokenize(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return InvalidArgument("expression has {} bytes, at most {} (text size limit)", text.size(),
                           kTextBytesMax);
  }
  if (const size_t bad = InvalidUtf8At(text); bad != std::string_view::npos) {
    return InvalidArgument("expression is not UTF-8 at byte {}", bad);
  }
  return Lexer(text).Run();
}

}  // namespace spotter::segment
