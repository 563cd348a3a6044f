// SPDX-License-Identifier: Apache-2.0
#include "segment/parser.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace spotter::segment {
namespace {

constexpr std::array<std::string_view, 17> kReserved = {
    "as",  "break", "const",     "continue", "else",   "for", "function", "if",   "import",
    "let", "loop",  "namespace", "package",  "return", "var", "void",     "while"};

enum Precedence : uint8_t { kNone, kOrLevel, kAndLevel, kRelation, kSum, kProduct };

struct Infix {
  std::string_view symbol;
  Precedence precedence;
  BinaryOp op;
};
constexpr std::array<Infix, 12> kInfixes = {{
    {"==", kRelation, BinaryOp::kEqual},
    {"!=", kRelation, BinaryOp::kNotEqual},
    {"<", kRelation, BinaryOp::kLess},
    {"<=", kRelation, BinaryOp::kLessEqual},
    {">", kRelation, BinaryOp::kGreater},
    {">=", kRelation, BinaryOp::kGreaterEqual},
    {"in", kRelation, BinaryOp::kIn},
    {"+", kSum, BinaryOp::kAdd},
    {"-", kSum, BinaryOp::kSubtract},
    {"*", kProduct, BinaryOp::kMultiply},
    {"/", kProduct, BinaryOp::kDivide},
    {"%", kProduct, BinaryOp::kModulo},
}};

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  StatusOr<Ast> Run() {
    if (Current().kind == TokenKind::kEnd) return InvalidArgument("expression is empty");
    SPOTTER_ASSIGN_OR_RETURN(Ast ast, Expression());
    if (Current().kind != TokenKind::kEnd) return Unexpected("the end");
    return ast;
  }

 private:
  const Token& Current() const { return tokens_[at_]; }
  const Token& Following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token Take() {
    is_after_not_ = At("not") || At("NOT");
    return at_ + 1 < tokens_.size() ? std::move(tokens_[at_++]) : tokens_[at_];
  }

  bool At(std::string_view text) const {
    const Token& token = Current();
    return (token.kind == TokenKind::kSymbol || token.kind == TokenKind::kName) &&
           token.text == text;
  }
  bool Skip(std::string_view text) {
    if (!At(text)) return false;
    ++at_;
    return true;
  }
  Status Expect(std::string_view text) {
    if (Skip(text)) return OkStatus();
    return Unexpected(fmt::format("'{}'", text));
  }
  Status Unexpected(std::string_view wanted) const {
    const Token& token = Current();
    const std::string found = token.kind == TokenKind::kEnd      ? "the end"
                              : token.kind == TokenKind::kString ? "a string"
                              : token.kind == TokenKind::kBytes  ? "bytes"
                                                                 : "'" + token.text + "'";
    return InvalidArgument("expected {} at {}:{}, found {}{}", wanted, token.position.line,
                           token.position.column, found, WordHint());
  }
  // For who writes operators as words.
  std::string_view WordHint() const {
    if (At("and") || At("AND")) return "; 'and' is written '&&'";
    if (At("or") || At("OR")) return "; 'or' is written '||'";
    return is_after_not_ ? "; 'not' is written '!'" : "";
  }

  // A node over `children`, or the limit that it breaks.
  StatusOr<Ast> Build(AstKind kind, Position position, std::vector<Ast> children = {}) {
    if (++nodes_ > kNodesMax) {
      return ErrorAt(position, fmt::format("expression has over {} nodes (node limit)", kNodesMax));
    }
    Ast ast{.kind = kind, .position = position};
    for (const Ast& child : children) ast.height = std::max(ast.height, child.height + 1);
    ast.children = std::move(children);
    if (ast.height > kDepthMax) return TooDeep(position);
    return ast;
  }
  static Status TooDeep(Position position) {
    return ErrorAt(position,
                   fmt::format("expression is nested over {} deep (depth limit)", kDepthMax));
  }
  template <typename... Children>
  static std::vector<Ast> ListOf(Children... children) {
    std::vector<Ast> list;
    (list.push_back(std::move(children)), ...);
    return list;
  }

  StatusOr<Ast> Expression() {
    // Every cycle of the grammar comes through here or through Unary().
    if (++depth_ > kDepthMax) return TooDeep(Current().position);
    SPOTTER_ASSIGN_OR_RETURN(Ast condition, Chain(AstKind::kOr));
    if (At("?")) {
      const Position position = Take().position;
      SPOTTER_ASSIGN_OR_RETURN(Ast yes, Chain(AstKind::kOr));
      SPOTTER_RETURN_IF_ERROR(Expect(":"));
      SPOTTER_ASSIGN_OR_RETURN(Ast no, Expression());
      SPOTTER_ASSIGN_OR_RETURN(condition,
                               Build(AstKind::kTernary, position,
                                     ListOf(std::move(condition), std::move(yes), std::move(no))));
    }
    --depth_;
    return condition;
  }

  // a || b || c, or a && b && c. A parenthesised chain of the same kind becomes part of it, which
  // is the same by the laws of CEL's logic (errors included).
  StatusOr<Ast> Chain(AstKind kind) {
    const bool is_or = kind == AstKind::kOr;
    const std::string_view symbol = is_or ? "||" : "&&";
    const auto operand = [&] { return is_or ? Chain(AstKind::kAnd) : Infixes(kRelation); };
    SPOTTER_ASSIGN_OR_RETURN(Ast first, operand());
    if (!At(symbol)) return first;
    const Position position = Current().position;
    std::vector<Ast> operands;
    const auto add = [&](Ast ast) {
      if (ast.kind != kind) return operands.push_back(std::move(ast));
      for (Ast& child : ast.children) operands.push_back(std::move(child));
    };
    add(std::move(first));
    while (Skip(symbol)) {
      SPOTTER_ASSIGN_OR_RETURN(Ast next, operand());
      add(std::move(next));
    }
    return Build(kind, position, std::move(operands));
  }

  const Infix* InfixAt(Precedence least) const {
    for (const Infix& infix : kInfixes) {
      if (infix.precedence >= least && At(infix.symbol)) return &infix;
    }
    return nullptr;
  }

  StatusOr<Ast> Infixes(Precedence least) {
    SPOTTER_ASSIGN_OR_RETURN(Ast left, Unary());
    while (const Infix* infix = InfixAt(least)) {
      const Position position = Take().position;
      const auto tighter = static_cast<Precedence>(infix->precedence + 1);
      SPOTTER_ASSIGN_OR_RETURN(Ast right, Infixes(tighter));
      SPOTTER_ASSIGN_OR_RETURN(
          left, Build(AstKind::kBinary, position, ListOf(std::move(left), std::move(right))));
      left.op = infix->op;
    }
    return left;
  }

  StatusOr<Ast> Unary() {
    const bool is_not = At("!");
    if (!is_not && !At("-")) return Postfix(/*is_negative=*/false);
    const Position position = Take().position;
    const TokenKind next = Current().kind;
    if (!is_not && (next == TokenKind::kInt || next == TokenKind::kDouble)) {
      return Postfix(/*is_negative=*/true);
    }
    if (++depth_ > kDepthMax) return TooDeep(position);
    SPOTTER_ASSIGN_OR_RETURN(Ast operand, Unary());
    --depth_;
    return Build(is_not ? AstKind::kNot : AstKind::kNegate, position, ListOf(std::move(operand)));
  }

  StatusOr<Ast> Postfix(bool is_negative) {
    SPOTTER_ASSIGN_OR_RETURN(Ast ast, Primary(is_negative));
    for (;;) {
      if (At("[")) {
        SPOTTER_ASSIGN_OR_RETURN(ast, Index(std::move(ast)));
        continue;
      }
      if (At("{") && (ast.kind == AstKind::kName || ast.kind == AstKind::kSelect)) {
        return ErrorAt(Current().position, "message literals are not in the language",
                       "protobuf messages, enums and Any are out");
      }
      if (!Skip(".")) return ast;
      if (At("?")) return NoOptionals();
      const TokenKind kind = Current().kind;
      if (kind != TokenKind::kName && kind != TokenKind::kQuotedName) {
        return Unexpected("a name after '.'");
      }
      Token name = Take();
      std::vector<Ast> children = ListOf(std::move(ast));
      const bool is_method = kind == TokenKind::kName && Skip("(");
      if (is_method) SPOTTER_RETURN_IF_ERROR(Items(")", children));
      SPOTTER_ASSIGN_OR_RETURN(ast, Build(is_method ? AstKind::kMethod : AstKind::kSelect,
                                          name.position, std::move(children)));
      ast.name = std::move(name.text);
    }
  }

  StatusOr<Ast> Index(Ast target) {
    const Position position = Take().position;
    if (At("?")) return NoOptionals();
    SPOTTER_ASSIGN_OR_RETURN(Ast index, Expression());
    SPOTTER_RETURN_IF_ERROR(Expect("]"));
    return Build(AstKind::kIndex, position, ListOf(std::move(target), std::move(index)));
  }

  Status NoOptionals() const {
    return ErrorAt(Current().position, "optional values are not in the language",
                   "has(x.y) ? x.y : otherwise");
  }

  StatusOr<Ast> Primary(bool is_negative) {
    const Token& token = Current();
    switch (token.kind) {
      case TokenKind::kInt:
      case TokenKind::kUint:
      case TokenKind::kDouble:
      case TokenKind::kString:
      case TokenKind::kBytes:
        return LiteralOf(Take(), is_negative);
      case TokenKind::kName:
        return Name(/*is_rooted=*/false);
      case TokenKind::kQuotedName:
        return ErrorAt(token.position, "a quoted name stands only after a dot");
      case TokenKind::kEnd:
        return Unexpected("an expression");
      case TokenKind::kSymbol:
        break;
    }
    const Position position = token.position;
    if (Skip("(")) {
      SPOTTER_ASSIGN_OR_RETURN(Ast inner, Expression());
      SPOTTER_RETURN_IF_ERROR(Expect(")"));
      return inner;
    }
    if (Skip("[")) {
      std::vector<Ast> items;
      SPOTTER_RETURN_IF_ERROR(Items("]", items));
      return Build(AstKind::kList, position, std::move(items));
    }
    if (Skip("{")) return Map(position);
    if (Skip(".")) {
      if (Current().kind != TokenKind::kName) return Unexpected("a name after '.'");
      return Name(/*is_rooted=*/true);
    }
    return Unexpected("an expression");
  }

  StatusOr<Ast> Map(Position position) {
    std::vector<Ast> entries;
    while (!Skip("}")) {
      if (At("?")) return NoOptionals();
      SPOTTER_ASSIGN_OR_RETURN(Ast key, Expression());
      SPOTTER_RETURN_IF_ERROR(Expect(":"));
      SPOTTER_ASSIGN_OR_RETURN(Ast value, Expression());
      entries.push_back(std::move(key));
      entries.push_back(std::move(value));
      if (Skip(",")) continue;
      SPOTTER_RETURN_IF_ERROR(Expect("}"));
      break;
    }
    return Build(AstKind::kMap, position, std::move(entries));
  }

  // Comma-separated expressions up to `close`, which is taken; a list may end in a comma.
  Status Items(std::string_view close, std::vector<Ast>& out) {
    if (Skip(close)) return OkStatus();
    do {
      if (At("?")) return NoOptionals();
      SPOTTER_ASSIGN_OR_RETURN(Ast item, Expression());
      out.push_back(std::move(item));
    } while (Skip(",") && !(close == "]" && At(close)));
    return Expect(close);
  }

  StatusOr<Ast> Name(bool is_rooted) {
    Token token = Take();
    if (is_rooted) token.text.insert(0, ".");
    if (token.text == "true" || token.text == "false") {
      return LiteralNode(token.position, token.text == "true");
    }
    if (token.text == "null") return LiteralNode(token.position, std::monostate());
    if (token.text == "in" || std::ranges::find(kReserved, token.text) != kReserved.end()) {
      return ErrorAt(token.position, fmt::format("'{}' is a reserved word", token.text));
    }
    std::vector<Ast> arguments;
    const bool is_call = Skip("(");
    if (is_call) SPOTTER_RETURN_IF_ERROR(Items(")", arguments));
    SPOTTER_ASSIGN_OR_RETURN(Ast ast, Build(is_call ? AstKind::kCall : AstKind::kName,
                                            token.position, std::move(arguments)));
    ast.name = std::move(token.text);
    return ast;
  }

  StatusOr<Ast> LiteralOf(Token token, bool is_negative) {
    if (token.kind == TokenKind::kString) return LiteralNode(token.position, std::move(token.text));
    if (token.kind == TokenKind::kBytes) {
      return LiteralNode(token.position, Bytes{std::move(token.text)});
    }
    if (token.kind == TokenKind::kUint) return LiteralNode(token.position, token.magnitude);
    if (token.kind == TokenKind::kDouble) {
      return LiteralNode(token.position, is_negative ? -token.real : token.real);
    }
    constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (token.magnitude > kMax + (is_negative ? 1 : 0)) {
      return ErrorAt(token.position, fmt::format("number {} is out of range", token.text),
                     "integers have 64 bits");
    }
    const uint64_t bits = is_negative ? 0 - token.magnitude : token.magnitude;
    return LiteralNode(token.position, static_cast<int64_t>(bits));
  }

  StatusOr<Ast> LiteralNode(Position position, Literal literal) {
    SPOTTER_ASSIGN_OR_RETURN(Ast ast, Build(AstKind::kLiteral, position));
    ast.literal = std::move(literal);
    return ast;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  bool is_after_not_ = false;  // the token taken last was the word `not`
  int depth_ = 0;
  int nodes_ = 0;
};

}  // namespace

StatusOr<Ast> Parse(std::string_view text) {
  SPOTTER_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  return Parser(std::move(tokens)).Run();
}

}  // namespace spotter::segment
