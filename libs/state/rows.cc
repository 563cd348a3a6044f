// SPDX-License-Identifier: Apache-2.0
#include "state/rows.h"

#include "state/fields.h"

namespace spotter::state {
namespace {

template <typename Row>
std::string EncodeAny(const Row& row) {
  Encoder out;
  out.Byte(kRowSchema);  // the first byte of every row
  Writer writer(out);
  writer(row);
  return out.Take();
}

template <typename Row>
StatusOr<Row> DecodeAny(std::string_view bytes, std::string_view what) {
  Decoder in(bytes);
  const uint8_t schema = in.Byte();
  if (in.ok() && (schema == 0 || schema > kRowSchema)) {
    return DataLoss("{} row: schema {}, expected 1 to {}", what, schema, kRowSchema);
  }
  Row row;
  Reader reader(in, schema);
  reader(row);
  SPOTTER_RETURN_IF_ERROR(in.Done(what));
  return row;
}

}  // namespace

#define SPOTTER_ROW(Type, type)                                     \
  std::string EncodeRow(const type& row) { return EncodeAny(row); } \
  StatusOr<type> Decode##Type(std::string_view bytes) { return DecodeAny<type>(bytes, #Type); }
SPOTTER_ROW(Meta, Meta)
SPOTTER_ROW(Profile, Profile)
SPOTTER_ROW(Anchor, Anchor)
SPOTTER_ROW(Sequence, Sequence)
SPOTTER_ROW(Answer, Answer)
SPOTTER_ROW(DeadLetter, DeadLetter)
SPOTTER_ROW(AuditRow, AuditRow)
SPOTTER_ROW(TenantProgress, TenantProgress)
SPOTTER_ROW(TenantMove, TenantMove)
SPOTTER_ROW(SegmentCount, SegmentCount)
SPOTTER_ROW(TransitionRow, TransitionRow)
SPOTTER_ROW(Claim, model::Claim)
SPOTTER_ROW(TenantSettings, model::TenantSettings)
SPOTTER_ROW(SegmentDefinition, model::SegmentDefinition)
SPOTTER_ROW(JourneyDefinition, model::JourneyDefinition)
SPOTTER_ROW(Subscription, model::Subscription)
SPOTTER_ROW(OutboxEntry, model::OutboxEntry)
SPOTTER_ROW(Refusal, model::Refusal)
#undef SPOTTER_ROW

}  // namespace spotter::state
