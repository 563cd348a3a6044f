// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "model/event.h"

namespace spotter::connect {

// Raised whenever the same raw value could normalise differently.
inline constexpr uint32_t kNormalizerVersion = 1;

// C12: trimmed, lower-cased, format checked. "" if it is not an address.
std::string NormalizeEmail(std::string_view raw);
// C13: E.164 by libphonenumber with `region` as default; "" if not a possible number. Cached.
std::string NormalizePhone(std::string_view raw, std::string_view region);
// "given family": NFKC case-folded, diacritics removed, single spaces. "" if nothing is left.
std::string NormalizeName(std::string_view given, std::string_view family);

// A complete identifier of the type.
model::Identifier MakeIdentifier(model::IdentifierType type, std::string_view raw,
                                 std::string_view region);

}  // namespace spotter::connect
