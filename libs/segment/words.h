// SPDX-License-Identifier: Apache-2.0
//
// The English words of the language's names.
#pragma once

#include <string>
#include <string_view>

#include "segment/ast.h"

namespace spotter::segment {

std::string EventWords(std::string_view kind);  // "no-show"; plural with an s
std::string WordsOf(std::string_view name);     // "class_title": "class title"
std::string MemberWords(std::string_view name, std::string_view otherwise);
std::string WithArticle(std::string_view words);        // "a visit", "an assessment"
std::string_view GetterWords(std::string_view method);  // "hour" of getHours; "": no getter
std::string_view FoldWords(std::string_view name);      // "the total" of sum; "": no fold
// "starts with" of startsWith, "does not start with"; "": no test of a text
std::string_view TextTest(std::string_view method, bool is_so);
std::string_view Order(BinaryOp op);      // "is at least"
std::string_view TimeOrder(BinaryOp op);  // "is not before"
std::string_view SpanText(BinaryOp op);   // "at least"
std::string_view Arithmetic(BinaryOp op);
bool IsPlain(std::string_view text);  // reads as a word without quotes

}  // namespace spotter::segment
