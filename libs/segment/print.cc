// SPDX-License-Identifier: Apache-2.0
#include "segment/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace spotter::segment {
namespace {

// How tightly a node holds together; a looser child is put in parentheses.
enum Tightness : uint8_t { kTernary, kOr, kAnd, kRelation, kSum, kProduct, kUnary, kPostfix };

Tightness TightnessOf(const Ast& ast) {
  switch (ast.kind) {
    case AstKind::kTernary:
      return kTernary;
    case AstKind::kOr:
      return kOr;
    case AstKind::kAnd:
      return kAnd;
    case AstKind::kBinary:
      if (ast.op >= BinaryOp::kMultiply) return kProduct;
      return ast.op >= BinaryOp::kAdd ? kSum : kRelation;
    case AstKind::kNot:
    case AstKind::kNegate:
      return kUnary;
    default:
      return kPostfix;
  }
}

bool IsNumber(const Ast& ast) {
  return ast.kind == AstKind::kLiteral && (std::holds_alternative<int64_t>(ast.literal) ||
                                           std::holds_alternative<uint64_t>(ast.literal) ||
                                           std::holds_alternative<double>(ast.literal));
}

std::string QuotedBytes(std::string_view bytes) {
  std::string out = "b'";
  for (const char c : bytes) {
    const bool is_plain = c >= 0x20 && c < 0x7F && c != '\'' && c != '\\';
    out += is_plain
               ? std::string(1, c)
               : fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out + "'";
}

// A name after a dot, quoted where it would not be read as one.
std::string FieldName(std::string_view name) {
  const bool is_plain =
      !name.empty() && (name[0] < '0' || name[0] > '9') && std::ranges::all_of(name, [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z');
      });
  return is_plain ? std::string(name) : fmt::format("`{}`", name);
}

std::string PrintLiteral(const Literal& literal) {
  if (const bool* flag = std::get_if<bool>(&literal)) return *flag ? "true" : "false";
  if (const int64_t* number = std::get_if<int64_t>(&literal)) return fmt::format("{}", *number);
  if (const uint64_t* number = std::get_if<uint64_t>(&literal)) {
    return fmt::format("{}u", *number);
  }
  if (const Bytes* bytes = std::get_if<Bytes>(&literal)) return QuotedBytes(bytes->bytes);
  if (const std::string* text = std::get_if<std::string>(&literal)) return Quoted(*text);
  const double* real = std::get_if<double>(&literal);
  if (real == nullptr) return "null";
  std::string text = fmt::format("{}", *real);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

class Printer {
 public:
  std::string out;

  void Put(const Ast& ast, Tightness least) {
    const bool is_looser = TightnessOf(ast) < least;
    if (is_looser) out += '(';
    PutBare(ast);
    if (is_looser) out += ')';
  }

 private:
  void PutItems(std::span<const Ast> items, std::string_view separator, Tightness least) {
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += separator;
      Put(items[i], least);
    }
  }

  // "-5" and "5.x" are read otherwise than -(5) and (5).x.
  void PutTarget(const Ast& ast, Tightness least) {
    if (!IsNumber(ast)) return Put(ast, least);
    out += '(';
    PutBare(ast);
    out += ')';
  }

  void PutBare(const Ast& ast) {
    const std::span<const Ast> children(ast.children);
    switch (ast.kind) {
      case AstKind::kLiteral:
        out += PrintLiteral(ast.literal);
        return;
      case AstKind::kName:
        out += ast.name;
        return;
      case AstKind::kSelect:
        PutTarget(children[0], kPostfix);
        out += '.' + FieldName(ast.name);
        return;
      case AstKind::kIndex:
        PutTarget(children[0], kPostfix);
        out += '[';
        Put(children[1], kTernary);
        out += ']';
        return;
      case AstKind::kMethod:
        PutTarget(children[0], kPostfix);
        out += '.' + ast.name + '(';
        PutItems(children.subspan(1), ", ", kTernary);
        out += ')';
        return;
      case AstKind::kCall:
        out += ast.name + '(';
        PutItems(children, ", ", kTernary);
        out += ')';
        return;
      case AstKind::kList:
        out += '[';
        PutItems(children, ", ", kTernary);
        out += ']';
        return;
      case AstKind::kMap:
        out += '{';
        for (size_t i = 0; i < children.size(); i += 2) {
          if (i > 0) out += ", ";
          Put(children[i], kTernary);
          out += ": ";
          Put(children[i + 1], kTernary);
        }
        out += '}';
        return;
      case AstKind::kNot:
        out += '!';
        return Put(children[0], kUnary);
      case AstKind::kNegate:
        out += '-';
        return PutTarget(children[0], kUnary);
      case AstKind::kBinary:
        Put(children[0], TightnessOf(ast));
        out += fmt::format(" {} ", SymbolOf(ast.op));
        // Operators of one level group to the left.
        return Put(children[1], static_cast<Tightness>(TightnessOf(ast) + 1));
      case AstKind::kAnd:
        return PutItems(children, " && ", kRelation);
      case AstKind::kOr:
        return PutItems(children, " || ", kAnd);
      case AstKind::kTernary:
        Put(children[0], kOr);
        out += " ? ";
        Put(children[1], kOr);
        out += " : ";
        return Put(children[2], kTernary);
    }
  }
};

}  // namespace

std::string_view SymbolOf(BinaryOp op) {
  static constexpr std::array<std::string_view, 12> kSymbols = {
      "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"};
  return kSymbols[static_cast<size_t>(op)];
}

std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\'' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string Print(const Ast& ast) {
  Printer printer;
  printer.Put(ast, kTernary);
  return printer.out;
}

}  // namespace spotter::segment
