// SPDX-License-Identifier: Apache-2.0
#include "model/input_set.h"

namespace spotter::model {

void Touches::Touch(EventTime at, InputSet inputs) {
  for (Entry& entry : entries_) entry.inputs = entry.inputs.Without(inputs);
  std::erase_if(entries_, [](const Entry& entry) { return entry.inputs.empty(); });
  if (inputs.empty()) return;
  if (!entries_.empty() && entries_.back().at == at) {
    entries_.back().inputs |= inputs;
  } else {
    entries_.push_back({at, inputs});
  }
}

EventTime Touches::Last(InputSet inputs) const {
  for (size_t i = entries_.size(); i-- > 0;) {
    if (entries_[i].inputs.Meets(inputs)) return entries_[i].at;
  }
  return EventTime{0};
}

}  // namespace spotter::model
