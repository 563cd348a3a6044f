// SPDX-License-Identifier: Apache-2.0
#include "api/profile_service.h"

#include <algorithm>

#include "api/explain.h"
#include "api/profile_view.h"
#include "connect/normalize.h"
#include "wire/view.h"

namespace spotter::api {
namespace {

// Up to so many profiles a list is sorted by who was seen last; a larger tenant's comes in the
// order of ids, because there is no index by last visit yet.
constexpr size_t kSortedMax = 10'000;
constexpr size_t kNoteBytesMax = 4096;

StatusOr<model::TenantSettings> SettingsOf(const ShardPorts& shard, const Caller& caller) {
  SPOTTER_ASSIGN_OR_RETURN(auto settings, engine::FindTenant(shard.store, caller.tenant));
  if (!settings.has_value()) return NotFound("tenant '{}' is not known", caller.tenant.value());
  return *std::move(settings);
}

// Profiles that carry an e-mail address or a phone number, as people write them.
StatusOr<std::vector<model::ProfileId>> FindByContact(const ShardPorts& shard, const Caller& caller,
                                                      const std::string& contact) {
  SPOTTER_ASSIGN_OR_RETURN(const auto settings, SettingsOf(shard, caller));
  const bool is_email = contact.find('@') != std::string::npos;
  const std::string normalized = is_email ? connect::NormalizeEmail(contact)
                                          : connect::NormalizePhone(contact, settings.region);
  if (normalized.empty()) {
    return InvalidArgument("'{}' is neither an e-mail address nor a phone number", contact);
  }
  return engine::FindProfilesByIdentifier(
      shard.store, caller.tenant,
      is_email ? model::IdentifierType::kEmail : model::IdentifierType::kPhone, normalized);
}

// All profiles with the time they were last seen, the newest first.
StatusOr<std::vector<model::ProfileId>> SortedByLastSeen(
    const ShardPorts& shard, const Caller& caller, const std::vector<state::Profile>& profiles) {
  std::vector<std::pair<EventTime, model::ProfileId>> seen;
  for (const state::Profile& profile : profiles) {
    SPOTTER_ASSIGN_OR_RETURN(const auto member,
                             engine::LoadMember(shard.store, caller.tenant, profile.id));
    seen.emplace_back(LastSeen(member), member.profile.id);
  }
  std::sort(seen.begin(), seen.end(), std::greater<>());
  std::vector<model::ProfileId> ids;
  ids.reserve(seen.size());
  for (const auto& [time, id] : seen) ids.push_back(id);
  return ids;
}

struct Listing {
  std::vector<model::ProfileId> ids;
  std::string next;
};

// One page. The position in a sorted list is a number, "#50"; in an unsorted one a row's key.
StatusOr<Listing> ListPage(const ShardPorts& shard, const Caller& caller, std::string position,
                           size_t size) {
  Listing listing;
  if (position.empty() || position.starts_with('#')) {
    SPOTTER_ASSIGN_OR_RETURN(auto all,
                             engine::ListProfiles(shard.store, caller.tenant, kSortedMax, ""));
    if (all.next.empty()) {
      SPOTTER_ASSIGN_OR_RETURN(const auto ids, SortedByLastSeen(shard, caller, all.rows));
      const size_t from = position.empty() ? 0 : std::strtoul(position.c_str() + 1, nullptr, 10);
      for (size_t i = from; i < ids.size() && i < from + size; ++i) listing.ids.push_back(ids[i]);
      if (from + size < ids.size()) listing.next = fmt::format("#{}", from + size);
      return listing;
    }
    position.clear();
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto page,
                           engine::ListProfiles(shard.store, caller.tenant, size, position));
  for (const state::Profile& profile : page.rows) listing.ids.push_back(profile.id);
  listing.next = page.next;
  return listing;
}

}  // namespace

StatusOr<model::ProfileId> ProfileServiceImpl::Find(const ShardPorts& shard, const Caller& caller,
                                                    const v1::GetProfileRequest& request) {
  std::string contact;
  switch (request.key_case()) {
    case v1::GetProfileRequest::kProfile:
      return model::ParseProfileId(request.profile());
    case v1::GetProfileRequest::kCustomer:
      return engine::FindProfileByRecord(shard.store, caller.tenant, request.customer().source(),
                                         request.customer().customer_id());
    case v1::GetProfileRequest::kEmail:
      contact = request.email();
      break;
    case v1::GetProfileRequest::kPhone:
      contact = request.phone();
      break;
    case v1::GetProfileRequest::KEY_NOT_SET:
      return InvalidArgument("get profile: expected profile, customer, email or phone");
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto found, FindByContact(shard, caller, contact));
  if (found.empty()) return NotFound("no profile carries that contact");
  if (found.size() > 1) {
    return AlreadyExists("{} profiles carry that contact: list them instead", found.size());
  }
  return found.front();
}

grpc::Status ProfileServiceImpl::GetProfile(grpc::ServerContext* context,
                                            const v1::GetProfileRequest* request,
                                            v1::GetProfileResponse* response) {
  return ServeAtShard(
      ports_, *context, "ProfileService/GetProfile",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto settings, SettingsOf(shard, caller));
        SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId id, Find(shard, caller, *request));
        SPOTTER_ASSIGN_OR_RETURN(const auto member,
                                 engine::LoadMember(shard.store, caller.tenant, id));
        if (!member.redirected.empty()) response->set_redirected_from(model::ToText(id));
        SPOTTER_ASSIGN_OR_RETURN(*response->mutable_profile(),
                                 ViewOf(shard.store, settings, member, ports_.clock.Now()));
        return OkStatus();
      });
}

grpc::Status ProfileServiceImpl::ListProfiles(grpc::ServerContext* context,
                                              const v1::ListProfilesRequest* request,
                                              v1::ListProfilesResponse* response) {
  return ServeAtShard(
      ports_, *context, "ProfileService/ListProfiles",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto settings, SettingsOf(shard, caller));
        SPOTTER_ASSIGN_OR_RETURN(const size_t size, PageSize(request->page_size()));
        SPOTTER_ASSIGN_OR_RETURN(const std::string after, ParsePageToken(request->page_token()));
        Listing listing;
        if (request->contact().empty()) {
          SPOTTER_ASSIGN_OR_RETURN(listing, ListPage(shard, caller, after, size));
        } else {
          SPOTTER_ASSIGN_OR_RETURN(listing.ids, FindByContact(shard, caller, request->contact()));
        }
        for (const model::ProfileId id : listing.ids) {
          SPOTTER_ASSIGN_OR_RETURN(const auto member,
                                   engine::LoadMember(shard.store, caller.tenant, id));
          SPOTTER_ASSIGN_OR_RETURN(v1::Profile profile,
                                   ViewOf(shard.store, settings, member, ports_.clock.Now()));
          profile.clear_consents();
          profile.clear_enrolments();
          *response->add_profiles() = std::move(profile);
        }
        response->set_next_page_token(PrintPageToken(listing.next));
        return OkStatus();
      });
}

grpc::Status ProfileServiceImpl::ListTimeline(grpc::ServerContext* context,
                                              const v1::ListTimelineRequest* request,
                                              v1::ListTimelineResponse* response) {
  return ServeAtShard(
      ports_, *context, "ProfileService/ListTimeline",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const size_t size, PageSize(request->page_size()));
        SPOTTER_ASSIGN_OR_RETURN(const std::string after, ParsePageToken(request->page_token()));
        SPOTTER_ASSIGN_OR_RETURN(const auto id, model::ParseProfileId(request->profile()));
        SPOTTER_ASSIGN_OR_RETURN(const auto member,
                                 engine::LoadMember(shard.store, caller.tenant, id));
        const size_t from = std::strtoul(after.c_str(), nullptr, 10);
        const std::vector<v1::TimelineEntry> entries = TimelineOf(member);
        for (size_t i = from; i < entries.size() && i < from + size; ++i) {
          *response->add_entries() = entries[i];
        }
        if (from + size < entries.size()) {
          response->set_next_page_token(PrintPageToken(std::to_string(from + size)));
        }
        return OkStatus();
      });
}

grpc::Status ProfileServiceImpl::MergeProfiles(grpc::ServerContext* context,
                                               const v1::MergeProfilesRequest* request,
                                               v1::MergeProfilesResponse* response) {
  return ServeAtShard(
      ports_, *context, "ProfileService/MergeProfiles",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto settings, SettingsOf(shard, caller));
        SPOTTER_ASSIGN_OR_RETURN(const auto survivor, model::ParseProfileId(request->survivor()));
        SPOTTER_ASSIGN_OR_RETURN(const auto loser, model::ParseProfileId(request->loser()));
        SPOTTER_RETURN_IF_ERROR(
            Submit(ports_, shard, caller, request->request_id(),
                   model::MergeProfiles{
                       .survivor = survivor, .loser = loser, .reason = request->reason()})
                .status());
        SPOTTER_ASSIGN_OR_RETURN(const auto member,
                                 engine::LoadMember(shard.store, caller.tenant, survivor));
        SPOTTER_ASSIGN_OR_RETURN(*response->mutable_profile(),
                                 ViewOf(shard.store, settings, member, ports_.clock.Now()));
        return OkStatus();
      });
}

grpc::Status ProfileServiceImpl::SplitProfile(grpc::ServerContext* context,
                                              const v1::SplitProfileRequest* request,
                                              v1::SplitProfileResponse* response) {
  return ServeAtShard(
      ports_, *context, "ProfileService/SplitProfile",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto settings, SettingsOf(shard, caller));
        SPOTTER_ASSIGN_OR_RETURN(const auto id, model::ParseProfileId(request->profile()));
        wire::Reader reader;
        model::SplitProfile split{.profile = id, .reason = request->reason()};
        for (const std::string& record : request->records()) {
          split.records.push_back(reader.Record(record));
        }
        if (!reader.ok()) return reader.status();
        SPOTTER_ASSIGN_OR_RETURN(const state::Answer answer,
                                 Submit(ports_, shard, caller, request->request_id(), split));
        response->add_split_off(answer.result);
        SPOTTER_ASSIGN_OR_RETURN(const auto member,
                                 engine::LoadMember(shard.store, caller.tenant, id));
        SPOTTER_ASSIGN_OR_RETURN(*response->mutable_profile(),
                                 ViewOf(shard.store, settings, member, ports_.clock.Now()));
        return OkStatus();
      });
}

grpc::Status ProfileServiceImpl::AddNote(grpc::ServerContext* context,
                                         const v1::AddNoteRequest* request, v1::AddNoteResponse*) {
  return ServeAtShard(
      ports_, *context, "ProfileService/AddNote",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto id, model::ParseProfileId(request->profile()));
        if (request->text().empty() || request->text().size() > kNoteBytesMax) {
          return InvalidArgument("note: {} bytes, expected 1 to {}", request->text().size(),
                                 kNoteBytesMax);
        }
        return Submit(ports_, shard, caller, request->request_id(),
                      model::AddNote{
                          .profile = id, .author = caller.principal.name, .text = request->text()})
            .status();
      });
}

grpc::Status ProfileServiceImpl::ChangeConsent(grpc::ServerContext* context,
                                               const v1::ChangeConsentRequest* request,
                                               v1::ChangeConsentResponse*) {
  return ServeAtShard(
      ports_, *context, "ProfileService/ChangeConsent",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto id, model::ParseProfileId(request->profile()));
        wire::Reader reader;
        const auto state = reader.Enum<model::ConsentState>(
            request->state(), v1::ConsentState_IsValid(request->state()), "consent state");
        if (!reader.ok()) return reader.status();
        if (request->channel().empty() || request->purpose().empty()) {
          return InvalidArgument("consent: expected a channel and a purpose");
        }
        return Submit(ports_, shard, caller, request->request_id(),
                      model::ChangeConsent{.profile = id,
                                           .entry = {.channel = request->channel(),
                                                     .purpose = request->purpose(),
                                                     .state = state,
                                                     .time = ports_.clock.Now(),
                                                     .source = request->source(),
                                                     .text = request->text()}})
            .status();
      });
}

// Only the keyed hash of the contact enters the log.
grpc::Status ProfileServiceImpl::ChangeSuppression(grpc::ServerContext* context,
                                                   const v1::ChangeSuppressionRequest* request,
                                                   v1::ChangeSuppressionResponse*) {
  return ServeAtShard(
      ports_, *context, "ProfileService/ChangeSuppression",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto settings, SettingsOf(shard, caller));
        if (!model::FindChannel(request->channel()).has_value()) {
          return InvalidArgument("channel '{}': expected sms, email or push", request->channel());
        }
        const bool is_email = request->channel() == "email";
        const bool is_sms = request->channel() == "sms";
        const std::string contact =
            is_email ? connect::NormalizeEmail(request->contact())
            : is_sms ? connect::NormalizePhone(request->contact(), settings.region)
                     : request->contact();
        if (contact.empty()) {
          return InvalidArgument("contact of channel '{}' is not an address of it",
                                 request->channel());
        }
        return Submit(ports_, shard, caller, request->request_id(),
                      model::ChangeSuppression{
                          .channel = request->channel(),
                          .contact_hash = KeyedHashOf(settings.suppression_key, contact),
                          .suppressed = request->suppressed(),
                          .reason = request->reason()})
            .status();
      });
}

grpc::Status ProfileServiceImpl::Explain(grpc::ServerContext* context,
                                         const v1::ExplainRequest* request,
                                         v1::ExplainResponse* response) {
  return ServeAtShard(
      ports_, *context, "ProfileService/Explain",
      [&](const Caller& caller, const ShardPorts& shard) -> Status {
        SPOTTER_ASSIGN_OR_RETURN(const auto settings, SettingsOf(shard, caller));
        SPOTTER_ASSIGN_OR_RETURN(const auto id, model::ParseProfileId(request->profile()));
        SPOTTER_ASSIGN_OR_RETURN(const auto member,
                                 engine::LoadMember(shard.store, caller.tenant, id));
        SPOTTER_ASSIGN_OR_RETURN(*response,
                                 ExplainMember(shard.store, settings, member, ports_.clock.Now(),
                                               request->segment(), request->journey()));
        return OkStatus();
      });
}

}  // namespace spotter::api
