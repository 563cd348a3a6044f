// SPDX-License-Identifier: Apache-2.0
//
// One walk over the tree. Sizes and rates are bounds from above; sums and products end at the
// largest number instead of wrapping.
#include "segment/analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "model/timeline.h"
#include "segment/names.h"
#include "segment/parser.h"

namespace spotter::segment {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kTextCost = 26;    // a tenth of 256 characters
constexpr int64_t kRegexCost = 640;  // the same, for a quarter of a pattern of 100
constexpr int64_t kListCost = 10;    // as in cel-go's model
constexpr int64_t kMapCost = 30;
constexpr int64_t kWindowCost = 10;  // a search for both ends in several records
constexpr int64_t kPerSecond = 86'400;
constexpr int64_t kPerMillisecond = 86'400'000;

int64_t Plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kMost : sum;
}
int64_t Times(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kMost : product;
}

// What is known of the value of a part.
struct Part {
  int64_t cost = 0;
  int64_t wakes = 0;             // a day
  bool moves = false;            // at every instant, with `now`
  bool reads_item = false;       // of a macro: each item may change at instants of its own
  int64_t size = kItemsAssumed;  // of a list
  std::optional<Duration> constant;
  std::optional<int64_t> number;
};

class Walk {
 public:
  Analysis out;

  Part Of(const Ast& ast) {
    Part part = Bare(ast);
    if (part.cost > kCostMax && !has_costly_) {
      has_costly_ = true;
      out.costly = ast.position;
    }
    if (part.wakes > kWakesPerDayMax && !has_restless_) {
      has_restless_ = true;
      out.restless = ast.position;
    }
    return part;
  }

 private:
  struct Local {
    std::string name;
    bool moves = false;
    bool is_item = false;
    int64_t size = kItemsAssumed;
  };

  static void Add(Part& to, const Part& from) {
    to.cost = Plus(to.cost, from.cost);
    to.wakes = Plus(to.wakes, from.wakes);
    to.moves = to.moves || from.moves;
    to.reads_item = to.reads_item || from.reads_item;
  }
  Part All(std::span<const Ast> parts, int64_t own) {
    Part sum{.cost = own};
    for (const Ast& one : parts) Add(sum, Of(one));
    return sum;
  }

  Part Bare(const Ast& ast) {
    switch (ast.kind) {
      case AstKind::kLiteral: {
        Part part;
        if (const auto* number = std::get_if<int64_t>(&ast.literal)) part.number = *number;
        return part;
      }
      case AstKind::kName:
        return Name(ast);
      case AstKind::kList: {
        Part part = All(ast.children, kListCost);
        part.size = static_cast<int64_t>(ast.children.size());
        return part;
      }
      case AstKind::kMap: {
        Part part = All(ast.children, kMapCost);
        part.size = static_cast<int64_t>(ast.children.size() / 2);
        return part;
      }
      case AstKind::kBinary:
        return Binary(ast);
      case AstKind::kTernary: {
        const Part condition = Of(ast.children[0]);
        const Part yes = Of(ast.children[1]);
        const Part no = Of(ast.children[2]);
        Part part{.cost = std::max(yes.cost, no.cost),
                  .wakes = std::max(yes.wakes, no.wakes),
                  .size = std::max(yes.size, no.size)};
        part.moves = yes.moves || no.moves;
        part.reads_item = yes.reads_item || no.reads_item;
        Add(part, condition);
        return part;
      }
      case AstKind::kCall:
        return Call(ast);
      case AstKind::kMethod:
        return Method(ast);
      default:
        return All(ast.children, 1);
    }
  }

  Part Name(const Ast& ast) {
    for (size_t i = locals_.size(); i > 0; --i) {
      const Local& local = locals_[i - 1];
      if (local.name != ast.name) continue;
      return {.cost = 1, .moves = local.moves, .reads_item = local.is_item, .size = local.size};
    }
    return {.cost = 1, .moves = ast.name == "now"};
  }

  // A comparison of what moves with what stands still changes once; where the other side goes on by
  // steps, each step lets it change once more. One of two that move changes as seldom.
  Part Binary(const Ast& ast) {
    if (IsComparison(ast.op)) Rank(ast);
    const Part left = Of(ast.children[0]);
    const Part right = Of(ast.children[1]);
    Part part{.cost = 1};
    Add(part, left);
    Add(part, right);
    if (IsComparison(ast.op)) {
      if (part.moves) part.wakes = Times(part.wakes, 2);
      part.moves = false;
    } else if (ast.op == BinaryOp::kIn) {
      part.cost = Plus(part.cost, right.size);
      if (part.moves) Restless(part);
    } else {
      part.size = Plus(left.size, right.size);
      if (left.number && right.number) part.number = Constant(ast.op, *left.number, *right.number);
    }
    return part;
  }
  static std::optional<int64_t> Constant(BinaryOp op, int64_t a, int64_t b) {
    if (op == BinaryOp::kMultiply) return Times(a, b);
    if (op == BinaryOp::kAdd) return Plus(a, b);
    return std::nullopt;
  }
  static void Restless(Part& part) {
    part.wakes = Plus(part.wakes, kPerMillisecond);
    part.moves = false;
  }
  static void Step(Part& part, int64_t per_day) {
    if (!part.moves) return;
    part.wakes = Plus(part.wakes, per_day);
    part.moves = false;
  }

  Part Call(const Ast& ast) {
    Part part{.cost = 1};
    for (const Ast& one : ast.children) {
      const Part argument = Of(one);
      Add(part, argument);
      if (UnitOf(ast.name) > 0 && argument.number) {
        part.constant = Duration(Times(*argument.number, UnitOf(ast.name)));
      }
    }
    if (ast.name == "startOfDay" || ast.name == "nextTime") {
      Step(part, 1);
    } else if (ast.name == "int") {
      Step(part, kPerSecond);
    } else if (ast.name == "size") {
      part.moves = false;
    } else if (part.moves && ast.name != "dyn" && ast.name != "timestamp" &&
               ast.name != "duration") {
      Restless(part);
    }
    if (ast.name == "matches") part.cost = Plus(part.cost, kRegexCost);
    return part;
  }

  // --- methods --------------------------------------------------------------------------------

  static int64_t GetterRate(std::string_view name) {
    if (name == "getMilliseconds") return kPerMillisecond;
    if (name == "getSeconds") return kPerSecond;
    if (name == "getMinutes") return 1'440;
    if (name == "getHours") return 24;
    return name.starts_with("get") ? 1 : 0;
  }
  static bool IsQuery(const Ast& ast) {
    if (ast.kind == AstKind::kCall) return ast.name == "events" && ast.children.size() == 1;
    return ast.kind == AstKind::kMethod && !IsReducerName(ast.name) && IsQuery(ast.children[0]);
  }

  Part Method(const Ast& ast) {
    if (IsReducerName(ast.name) && IsQuery(ast.children[0])) return Reduced(ast);
    const size_t arguments = ast.children.size() - 1;
    if (ast.name == "bind" && arguments == 3) {
      const Part value = Of(ast.children[2]);
      locals_.push_back({.name = ast.children[1].name,
                         .moves = value.moves,
                         .is_item = value.reads_item,
                         .size = value.size});
      Part part = Of(ast.children[3]);
      locals_.pop_back();
      part.cost = Plus(part.cost, value.cost);
      part.wakes = Plus(part.wakes, value.wakes);
      return part;
    }
    static constexpr std::string_view kLoops[] = {"all", "exists", "exists_one",    "existsOne",
                                                  "map", "filter", "transformList", "transformMap"};
    if (arguments >= 2 && std::ranges::count(kLoops, ast.name) > 0) return Loop(ast);
    Part part = All(ast.children, 1);
    if (const int64_t rate = GetterRate(ast.name); rate > 0) {
      Step(part, rate);
      return part;
    }
    part.cost = Plus(part.cost, ast.name == "matches" ? kRegexCost : kTextCost);
    if (part.moves && ast.name != "size") Restless(part);
    part.moves = false;
    return part;
  }

  // range.name(x, ..., body): the variables are the plain names in front.
  Part Loop(const Ast& ast) {
    const Part range = Of(ast.children[0]);
    const bool has_two =
        ast.name.starts_with("transform") || (ast.children.size() == 4 && ast.name != "map");
    const size_t bodies = has_two ? 3 : 2;
    for (size_t i = 1; i < bodies; ++i) {
      locals_.push_back({.name = ast.children[i].name, .moves = range.moves, .is_item = true});
    }
    Part round = All(std::span(ast.children).subspan(bodies), 1);
    locals_.resize(locals_.size() - (bodies - 1));
    Part part = range;
    AddRounds(part, round, range.size);
    part.moves = round.moves || (ast.name == "filter" && range.moves);
    part.size = range.size;
    return part;
  }
  static void AddRounds(Part& to, const Part& round, int64_t rounds) {
    to.cost = Plus(to.cost, Times(round.cost, rounds));
    to.wakes = Plus(to.wakes, round.reads_item ? Times(round.wakes, rounds) : round.wakes);
  }

  // --- events ---------------------------------------------------------------------------------

  struct Query {
    Part part = {.cost = kWindowCost};
    KindNeeds needs = {.retention = Duration::max()};
    bool looks_at_each = false;
  };

  Part Reduced(const Ast& ast) {
    const std::optional<int64_t> rank = &ast == ranked_ ? rank_ : std::nullopt;
    Query query = QueryOf(ast.children[0]);
    if (ast.children.size() == 3) AddEach(query, ast.children[1], ast.children[2]);
    if (!query.looks_at_each) {
      if (ast.name == "last" || ast.name == "exists") query.needs.newest = 1;
      if (ast.name == "count") query.needs.newest = rank;
    }
    Note(query.needs);
    query.part.moves = false;
    return query.part;
  }

  Query QueryOf(const Ast& ast) {
    if (ast.kind == AstKind::kCall) {
      Query query;
      if (const auto* name = std::get_if<std::string>(&ast.children[0].literal)) {
        query.needs.kind = model::FindFactKind(*name);
      }
      return query;
    }
    Query query = QueryOf(ast.children[0]);
    const std::span<const Ast> rest = std::span(ast.children).subspan(1);
    if (ast.name == "filter" && rest.size() == 2) {
      AddEach(query, rest[0], rest[1]);
      return query;
    }
    Part bounds{.cost = 1};
    for (const Ast& one : rest) {
      const Part bound = Of(one);
      Add(bounds, bound);
      bounds.constant = bound.constant;  // the last is the far one
    }
    Duration& retention = query.needs.retention;
    if (ast.name == "within" || ast.name == "between") {
      retention = std::min(retention, bounds.constant.value_or(model::kTimelineKeep));
    } else if (ast.name.starts_with("calendar")) {
      retention = std::min(retention, Days(ast.name == "calendarWeek" ? 8 : 32));
      bounds.wakes = Plus(bounds.wakes, 1);
    } else if (ast.name == "then" && rest.size() == 2) {
      query.looks_at_each = true;
      bounds.cost = Plus(bounds.cost, kEventsAssumed);
      if (const auto* name = std::get_if<std::string>(&rest[0].literal)) {
        Note({.kind = model::FindFactKind(*name), .retention = Duration::max()});
      }
    }
    bounds.moves = false;
    Add(query.part, bounds);
    return query;
  }

  // What is asked of each event.
  void AddEach(Query& query, const Ast& variable, const Ast& body) {
    locals_.push_back({.name = variable.name, .is_item = true});
    Part round = Of(body);
    locals_.pop_back();
    round.cost = Plus(round.cost, 1);
    AddRounds(query.part, round, kEventsAssumed);
    query.looks_at_each = true;
  }

  // count() compared with a number needs no more of the newest than tell the answer.
  void Rank(const Ast& ast) {
    const auto* number = std::get_if<int64_t>(&ast.children[1].literal);
    if (ast.children[1].kind != AstKind::kLiteral || number == nullptr) return;
    const bool is_edge = ast.op == BinaryOp::kGreaterEqual || ast.op == BinaryOp::kLess;
    ranked_ = ast.children.data();
    rank_ = std::max<int64_t>(0, Plus(*number, is_edge ? 0 : 1));
  }

  void Note(const KindNeeds& needs) {
    const auto at = std::ranges::lower_bound(out.kinds, needs.kind, {}, &KindNeeds::kind);
    if (at == out.kinds.end() || at->kind != needs.kind) {
      out.kinds.insert(at, needs);
      return;
    }
    at->retention = std::max(at->retention, needs.retention);
    at->newest = at->newest && needs.newest ? std::optional(std::max(*at->newest, *needs.newest))
                                            : std::nullopt;
  }

  bool has_costly_ = false;
  bool has_restless_ = false;
  const Ast* ranked_ = nullptr;  // a count() that is compared with a number
  std::optional<int64_t> rank_;
  std::vector<Local> locals_;
};

}  // namespace

Analysis Analyze(const Ast& ast) {
  Walk walk;
  const Part whole = walk.Of(ast);
  walk.out.cost = whole.cost;
  walk.out.wakes_per_day = whole.wakes;
  return std::move(walk.out);
}

Status CheckLimits(const Analysis& analysis) {
  if (analysis.cost > kCostMax) {
    return ErrorAt(analysis.costly,
                   fmt::format("the expression costs up to {} units, at most {} are allowed",
                               analysis.cost, kCostMax),
                   "nest fewer macros, or write their lists out");
  }
  if (analysis.wakes_per_day > kWakesPerDayMax) {
    return ErrorAt(analysis.restless,
                   fmt::format("time may wake a member {} times a day, at most {} are allowed",
                               analysis.wakes_per_day, kWakesPerDayMax),
                   "compare times instead of their texts or seconds");
  }
  return OkStatus();
}

Status CheckLimits(std::string_view expression) {
  SPOTTER_ASSIGN_OR_RETURN(const Ast ast, Parse(expression));
  return CheckLimits(Analyze(ast));
}

}  // namespace spotter::segment
