// SPDX-License-Identifier: Apache-2.0
//
// A walk over the tree with two voices: Claim says what is true or false ("plan is gold"), Noun
// names a value ("plan"). What neither knows is printed as CEL.
#include "segment/sentence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "segment/names.h"
#include "segment/parser.h"
#include "segment/print.h"
#include "segment/words.h"

namespace spotter::segment {
namespace {

bool IsNumber(const Ast& ast, int64_t number) {
  const auto* found = std::get_if<int64_t>(&ast.literal);
  return ast.kind == AstKind::kLiteral && found != nullptr && *found == number;
}
bool IsName(const Ast& ast, std::string_view name) {
  return ast.kind == AstKind::kName && ast.name == name;
}
bool IsArithmetic(const Ast& ast) {
  return ast.kind == AstKind::kBinary && ast.op >= BinaryOp::kAdd;
}
bool IsLoop(std::string_view name) {
  return name == "all" || name == "exists" || name == "exists_one" || name == "existsOne";
}
BinaryOp Opposite(BinaryOp op) {
  switch (op) {
    case BinaryOp::kEqual:
      return BinaryOp::kNotEqual;
    case BinaryOp::kNotEqual:
      return BinaryOp::kEqual;
    case BinaryOp::kLess:
      return BinaryOp::kGreaterEqual;
    case BinaryOp::kLessEqual:
      return BinaryOp::kGreater;
    case BinaryOp::kGreater:
      return BinaryOp::kLessEqual;
    default:
      return BinaryOp::kLess;
  }
}

class Speaker {
 public:
  std::vector<std::string> printed;

  std::string Claim(const Ast& ast, bool is_so = true) {
    switch (ast.kind) {
      case AstKind::kNot:
        return Claim(ast.children[0], !is_so);
      case AstKind::kAnd:
      case AstKind::kOr:
        return Joined(ast, is_so);
      case AstKind::kBinary:
        return Compared(ast, is_so);
      case AstKind::kMethod:
        return MethodClaim(ast, is_so);
      case AstKind::kCall:
        if (ast.name == "segment" && ast.children.size() == 1) {
          return fmt::format("{}in segment {}", is_so ? "" : "not ", Noun(ast.children[0]));
        }
        if (ast.name == "has" && ast.children.size() == 1) {
          return fmt::format("{} is {}known", Noun(ast.children[0]), is_so ? "" : "not ");
        }
        break;
      case AstKind::kTernary:
        return fmt::format("{}if {} then {}, else {}{}", is_so ? "" : "not (",
                           Claim(ast.children[0]), Claim(ast.children[1]), Claim(ast.children[2]),
                           is_so ? "" : ")");
      case AstKind::kLiteral:
        if (const bool* flag = std::get_if<bool>(&ast.literal)) {
          return *flag == is_so ? "always" : "never";
        }
        break;
      default:
        break;
    }
    return fmt::format("{} is {}", Noun(ast), is_so ? "true" : "false");
  }

  std::string Noun(const Ast& ast) {
    switch (ast.kind) {
      case AstKind::kLiteral:
        return LiteralText(ast);
      case AstKind::kName:
        return NameText(ast);
      case AstKind::kSelect:
        return SelectText(ast);
      case AstKind::kIndex:
        return fmt::format("the entry {} of {}", Noun(ast.children[1]), Noun(ast.children[0]));
      case AstKind::kCall:
        return CallText(ast);
      case AstKind::kMethod:
        return MethodText(ast);
      case AstKind::kList:
        return fmt::format("[{}]", Listed(ast.children, ", "));
      case AstKind::kMap:
        return MapText(ast);
      case AstKind::kNegate:
        return "minus " + Noun(ast.children[0]);
      case AstKind::kTernary:
        return fmt::format("({} if {}, else {})", Noun(ast.children[1]), Claim(ast.children[0]),
                           Noun(ast.children[2]));
      case AstKind::kBinary:
        if (IsArithmetic(ast)) return SumText(ast);
        break;
      default:
        break;
    }
    return fmt::format("whether {}", Claim(ast));
  }

 private:
  struct Local {
    std::string name;
    std::string words;      // of an event: "booking"
    bool is_event = false;  // of a filter
  };

  // "not (a and b)" says less than "not a or not b", which is the same.
  std::string Joined(const Ast& ast, bool is_so) {
    std::string text;
    const bool is_and = (ast.kind == AstKind::kAnd) == is_so;
    for (const Ast& child : ast.children) {
      if (!text.empty()) text += is_and ? " and " : " or ";
      const Ast& bare = child.kind == AstKind::kNot ? child.children[0] : child;
      const bool is_joined =
          bare.kind == AstKind::kAnd || bare.kind == AstKind::kOr || bare.kind == AstKind::kTernary;
      text += is_joined ? fmt::format("({})", Claim(child, is_so)) : Claim(child, is_so);
    }
    return text;
  }

  // --- comparisons ----------------------------------------------------------------------------

  std::string Compared(const Ast& ast, bool is_so) {
    const Ast& left = ast.children[0];
    const Ast& right = ast.children[1];
    if (ast.op == BinaryOp::kIn) return InText(left, right, is_so);
    if (IsArithmetic(ast)) return fmt::format("{} is {}", SumText(ast), is_so ? "true" : "false");
    const BinaryOp op = is_so ? ast.op : Opposite(ast.op);
    if (left.kind == AstKind::kMethod && left.name == "count" && IsQuery(left.children[0])) {
      return CountText(left, op, right);
    }
    if (left.kind == AstKind::kBinary && left.op == BinaryOp::kSubtract) {
      if (IsName(left.children[0], "now")) {
        return fmt::format("{} {} since {}", SpanText(op), Noun(right), Noun(left.children[1]));
      }
      if (IsName(left.children[1], "now")) {
        return fmt::format("{} {} until {}", SpanText(op), Noun(right), Noun(left.children[0]));
      }
    }
    if (right.kind == AstKind::kLiteral && std::holds_alternative<std::monostate>(right.literal)) {
      if (op == BinaryOp::kEqual) return Noun(left) + " is not there";
      if (op == BinaryOp::kNotEqual) return Noun(left) + " is there";
    }
    const bool is_time = IsTime(left) || IsTime(right);
    return fmt::format("{} {} {}", Noun(left), is_time ? TimeOrder(op) : Order(op), Noun(right));
  }

  std::string CountText(const Ast& count, BinaryOp op, const Ast& right) {
    const bool is_none = (op == BinaryOp::kEqual && IsNumber(right, 0)) ||
                         (op == BinaryOp::kLess && IsNumber(right, 1)) ||
                         (op == BinaryOp::kLessEqual && IsNumber(right, 0));
    if (is_none) return "no " + QueryText(count.children[0], 1);
    if (op == BinaryOp::kGreater && IsNumber(right, 0)) {
      return "at least 1 " + QueryText(count.children[0], 1);
    }
    if (right.kind != AstKind::kLiteral) {
      return fmt::format("the number of {} {} {}", QueryText(count.children[0], 2), Order(op),
                         Noun(right));
    }
    return fmt::format("{} {} {}", SpanText(op), Noun(right),
                       QueryText(count.children[0], IsNumber(right, 1) ? 1 : 2));
  }

  std::string InText(const Ast& what, const Ast& where, bool is_so) {
    if (where.kind == AstKind::kSelect && where.name == "tags") {
      return fmt::format("{} the tag {}", is_so ? "has" : "has not", Noun(what));
    }
    if (where.kind == AstKind::kList && !where.children.empty()) {
      return fmt::format("{} is {} {}", Noun(what), is_so ? "one of" : "none of",
                         Listed(where.children, " or "));
    }
    return fmt::format("{} is {}in {}", Noun(what), is_so ? "" : "not ", Noun(where));
  }

  // --- events ---------------------------------------------------------------------------------

  static bool IsQuery(const Ast& ast) {
    if (ast.kind == AstKind::kCall) return ast.name == "events" && ast.children.size() == 1;
    return ast.kind == AstKind::kMethod && !IsReducerName(ast.name) &&
           std::ranges::count(WindowNames(), ast.name) > 0 && IsQuery(ast.children[0]);
  }
  static const Ast& KindOf(const Ast& query) {
    return query.kind == AstKind::kCall ? query.children[0] : KindOf(query.children[0]);
  }
  std::string KindText(const Ast& kind, int64_t count) {
    const auto* name = std::get_if<std::string>(&kind.literal);
    if (name == nullptr) return Printed(kind);
    return std::string(EventWords(*name)) + (count == 1 ? "" : "s");
  }

  // "visits in the last 14 days where its genre is yoga"
  std::string QueryText(const Ast& query, int64_t count) {
    if (query.kind == AstKind::kCall) return KindText(query.children[0], count);
    const std::string before = QueryText(query.children[0], count);
    const std::span<const Ast> rest = std::span(query.children).subspan(1);
    if (query.name == "within" && rest.size() == 1) {
      return fmt::format("{} in the last {}", before, Noun(rest[0]));
    }
    if (query.name == "between" && rest.size() == 2) {
      return fmt::format("{} from {} to {} ago", before, Noun(rest[0]), Noun(rest[1]));
    }
    if (query.name == "since" && rest.size() == 1) {
      return fmt::format("{} since {}", before, Noun(rest[0]));
    }
    if (query.name == "before" && rest.size() == 1) {
      return fmt::format("{} before {}", before, Noun(rest[0]));
    }
    if (query.name == "filter" && rest.size() == 2) {
      return before + FilterText(query, rest[0], rest[1]);
    }
    if (query.name == "then" && rest.size() == 2) {
      return fmt::format("{} followed within {} by {}", before, Noun(rest[1]),
                         WithArticle(KindText(rest[0], 1)));
    }
    if (query.name == "calendarWeek" || query.name == "calendarMonth") {
      return fmt::format("{} this calendar {}{}", before,
                         query.name == "calendarWeek" ? "week" : "month", ZoneText(rest));
    }
    return Printed(query);
  }

  std::string FilterText(const Ast& query, const Ast& variable, const Ast& condition) {
    locals_.push_back(
        {.name = variable.name, .words = KindText(KindOf(query), 1), .is_event = true});
    std::string text = " where " + Claim(condition);
    locals_.pop_back();
    return text;
  }

  std::string ReducedText(const Ast& ast) {
    const Ast& query = ast.children[0];
    const std::span<const Ast> rest = std::span(ast.children).subspan(1);
    if (rest.empty()) {
      if (ast.name == "count") return "the number of " + QueryText(query, 2);
      if (ast.name == "first" || ast.name == "last") {
        return fmt::format("the {} {}", ast.name, QueryText(query, 1));
      }
    }
    const std::string_view fold = FoldWords(ast.name);
    if (rest.size() != 2 || fold.empty()) return Printed(ast);
    locals_.push_back(
        {.name = rest[0].name, .words = KindText(KindOf(query), 1), .is_event = true});
    const std::string what = Noun(rest[1]);
    locals_.pop_back();
    return fmt::format("{} {} of {}", fold, what.starts_with("its ") ? what.substr(4) : what,
                       QueryText(query, 2));
  }

  // --- methods and calls ----------------------------------------------------------------------

  std::string MethodClaim(const Ast& ast, bool is_so) {
    const Ast& target = ast.children[0];
    if (ast.name == "exists" && IsQuery(target)) {
      const std::string text =
          QueryText(target, 1) +
          (ast.children.size() == 3 ? FilterText(target, ast.children[1], ast.children[2]) : "");
      return is_so ? WithArticle(text) : "no " + text;
    }
    if (const std::string_view words = TextTest(ast.name, is_so);
        !words.empty() && ast.children.size() == 2) {
      return fmt::format("{} {} {}", Noun(target), words, Noun(ast.children[1]));
    }
    if (IsName(target, "cel") && ast.name == "bind" && ast.children.size() == 4) {
      const std::string value = Noun(ast.children[2]);
      return WithLocal(ast.children[1], [&] {
        return fmt::format("with {} being {}: {}", ast.children[1].name, value,
                           Claim(ast.children[3], is_so));
      });
    }
    if (IsLoop(ast.name) && ast.children.size() >= 3) return LoopText(ast, is_so);
    return fmt::format("{} is {}", Noun(ast), is_so ? "true" : "false");
  }

  // "for some t of tags: t starts with coach-"
  std::string LoopText(const Ast& ast, bool is_so) {
    const std::string range = Noun(ast.children[0]);
    const Ast& first = ast.children[1];
    const bool is_every = ast.name == "all";
    const bool is_one = ast.name == "exists_one" || ast.name == "existsOne";
    const std::string_view which = is_every ? "every" : (is_one ? "exactly one" : "some");
    std::string names = first.name;
    if (ast.children.size() == 4) names += " and " + ast.children[2].name;
    return WithLocal(first, [&] {
      return WithLocal(ast.children[ast.children.size() - 2], [&] {
        return fmt::format("{}for {} {} of {}: {}", is_so ? "" : "not ", which, names, range,
                           Claim(ast.children.back()));
      });
    });
  }

  std::string MethodText(const Ast& ast) {
    const Ast& target = ast.children[0];
    const std::span<const Ast> rest = std::span(ast.children).subspan(1);
    const bool is_exists = ast.name == "exists" || !TextTest(ast.name, true).empty();
    if (is_exists || (IsLoop(ast.name) && rest.size() >= 2))
      return "whether " + MethodClaim(ast, true);
    if (IsReducerName(ast.name) && IsQuery(target)) return ReducedText(ast);
    if (const std::string_view getter = GetterWords(ast.name);
        !getter.empty() && rest.size() <= 1) {
      return fmt::format("the {} of {}{}", getter, Noun(target), ZoneText(rest));
    }
    if (rest.empty()) {
      if (ast.name == "lowerAscii") return Noun(target) + " in lower case";
      if (ast.name == "upperAscii") return Noun(target) + " in upper case";
      if (ast.name == "size") return "the size of " + Noun(target);
    }
    if (ast.name == "bind" && IsName(target, "cel") && rest.size() == 3) {
      const std::string value = Noun(rest[1]);
      return WithLocal(rest[0], [&] {
        return fmt::format("({} with {} being {})", Noun(rest[2]), rest[0].name, value);
      });
    }
    if ((ast.name == "map" || ast.name == "filter") && rest.size() == 2) {
      const std::string range = Noun(target);
      return WithLocal(rest[0], [&] {
        return ast.name == "map"
                   ? fmt::format("{} for each {} of {}", Noun(rest[1]), rest[0].name, range)
                   : fmt::format("every {} of {} where {}", rest[0].name, range, Claim(rest[1]));
      });
    }
    return Printed(ast);
  }

  std::string CallText(const Ast& ast) {
    const std::span<const Ast> rest(ast.children);
    if (ast.name == "segment" || ast.name == "has") return "whether " + Claim(ast);
    if (rest.size() == 1) {
      if (UnitOf(ast.name) > 0) {
        const std::string unit = ast.name.substr(0, ast.name.size() - 1);
        return fmt::format("{} {}{}", Noun(rest[0]), unit, IsNumber(rest[0], 1) ? "" : "s");
      }
      if (ast.name == "size") return "the size of " + Noun(rest[0]);
      if (ast.name == "bucket") return "the draw " + Noun(rest[0]);
      if (ast.name == "duration" || ast.name == "timestamp" || ast.name == "string" ||
          ast.name == "dyn") {
        return Noun(rest[0]);
      }
      if (ast.name == "int" || ast.name == "double" || ast.name == "uint") {
        return fmt::format("the number {}", Noun(rest[0]));
      }
    }
    if (ast.name == "consent" && rest.size() == 2) {
      return fmt::format("consent to {} by {}", Noun(rest[1]), Noun(rest[0]));
    }
    if (ast.name == "startOfDay" && !rest.empty() && rest.size() <= 2) {
      const std::string zone = ZoneText(rest.subspan(1));
      return IsName(rest[0], "now")
                 ? "the start of today" + zone
                 : fmt::format("the start of the day of {}{}", Noun(rest[0]), zone);
    }
    if (ast.name == "nextTime" && (rest.size() == 2 || rest.size() == 3)) {
      return fmt::format("the next {} after {}{}", Noun(rest[1]), Noun(rest[0]),
                         ZoneText(rest.subspan(2)));
    }
    return Printed(ast);
  }

  // --- names and values -----------------------------------------------------------------------

  const Local* Find(const Ast& ast) const {
    if (ast.kind != AstKind::kName) return nullptr;
    for (size_t i = locals_.size(); i > 0; --i) {
      if (locals_[i - 1].name == ast.name) return &locals_[i - 1];
    }
    return nullptr;
  }

  std::string NameText(const Ast& ast) {
    const Local* local = Find(ast);
    if (local == nullptr || !local->is_event) return ast.name;
    return local == &locals_.back() ? "it" : "the " + local->words;
  }

  std::string SelectText(const Ast& ast) {
    const Ast& of = ast.children[0];
    const std::string field = WordsOf(ast.name);
    if (const Local* local = Find(of); local != nullptr && local->is_event) {
      if (local == &locals_.back()) return "its " + field;
      return fmt::format("the {} of the {}", field, local->words);
    }
    if (IsName(of, "member")) return std::string(MemberWords(ast.name, field));
    if (ast.name == "entered_at" && (IsName(of, "journey") || IsName(of, "step"))) {
      return fmt::format("entry into the {}", of.name);
    }
    const bool is_event = of.kind == AstKind::kMethod && IsQuery(of.children[0]);
    if (is_event && ast.name == "time") return Noun(of);
    return fmt::format("the {} of {}", field, Noun(of));
  }

  std::string LiteralText(const Ast& ast) {
    const auto* text = std::get_if<std::string>(&ast.literal);
    if (text == nullptr) return Print(ast);
    return IsPlain(*text) ? *text : Quoted(*text);
  }

  std::string MapText(const Ast& ast) {
    std::string text;
    for (size_t i = 0; i + 1 < ast.children.size(); i += 2) {
      text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", Noun(ast.children[i]),
                          Noun(ast.children[i + 1]));
    }
    return "{" + text + "}";
  }

  std::string SumText(const Ast& ast) {
    const auto part = [this](const Ast& one) {
      return IsArithmetic(one) ? fmt::format("({})", Noun(one)) : Noun(one);
    };
    return fmt::format("{} {} {}", part(ast.children[0]), Arithmetic(ast.op),
                       part(ast.children[1]));
  }

  std::string ZoneText(std::span<const Ast> rest) {
    return rest.empty() ? "" : " in zone " + Noun(rest[0]);
  }

  std::string Listed(std::span<const Ast> items, std::string_view last) {
    std::string text;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text += i + 1 == items.size() ? last : ", ";
      text += Noun(items[i]);
    }
    return text;
  }

  static bool IsTime(const Ast& ast) {
    if (IsName(ast, "now")) return true;
    if (ast.kind == AstKind::kCall) {
      return ast.name == "startOfDay" || ast.name == "nextTime" || ast.name == "timestamp";
    }
    return ast.kind == AstKind::kSelect && (ast.name == "time" || ast.name.ends_with("_at"));
  }

  template <typename F>
  std::string WithLocal(const Ast& name, const F& say) {
    locals_.push_back({.name = name.name, .words = {}});
    std::string text = say();
    locals_.pop_back();
    return text;
  }

  std::string Printed(const Ast& ast) {
    printed.push_back(Print(ast));
    return printed.back();
  }

  std::vector<Local> locals_;
};

}  // namespace

Sentence Say(const Ast& ast) {
  Speaker speaker;
  std::string text = speaker.Claim(ast);
  return {.text = std::move(text), .printed = std::move(speaker.printed)};
}

std::string SentenceOf(std::string_view expression) {
  const StatusOr<Ast> ast = Parse(expression);
  return ast.ok() ? Say(*ast).text : "";
}

}  // namespace spotter::segment
