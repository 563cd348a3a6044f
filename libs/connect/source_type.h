// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace spotter::connect {

inline constexpr std::string_view kSourceTypes = "square, stripe";

// What speaks at a source: a tenant with two Square accounts declares "square-north" and
// "square-south"; both speak "square".
inline std::string_view SourceTypeOf(std::string_view source) {
  return source.substr(0, source.find('-'));
}

// True if DecodeWebhook reads the source's bodies.
inline bool IsWebhookSource(std::string_view source) {
  const std::string_view type = SourceTypeOf(source);
  return type == "square" || type == "stripe";
}

}  // namespace spotter::connect
