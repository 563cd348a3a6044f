// SPDX-License-Identifier: Apache-2.0
#include "services/gateway/routes.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "access/authorize.h"
#include "spotter/v1/admin_service.pb.h"

namespace spotter::service {
namespace {

namespace pb = google::protobuf;

const pb::MethodDescriptor* FindMethod(std::string_view method) {
  std::string name = "spotter.v1." + std::string(method);
  std::replace(name.begin(), name.end(), '/', '.');
  return pb::DescriptorPool::generated_pool()->FindMethodByName(name);
}

// The field `shard` of a request; 0 if its message has none.
StatusOr<int32_t> ShardIn(std::string_view method, const std::string& request) {
  const pb::MethodDescriptor* descriptor = FindMethod(method);
  if (descriptor == nullptr) return 0;
  const pb::FieldDescriptor* field = descriptor->input_type()->FindFieldByName("shard");
  if (field == nullptr) return 0;
  const std::unique_ptr<pb::Message> message(
      pb::MessageFactory::generated_factory()->GetPrototype(descriptor->input_type())->New());
  if (!message->ParseFromString(request)) {
    return InvalidArgument("{}: the request does not decode", method);
  }
  return message->GetReflection()->GetInt32(*message, field);
}

}  // namespace

bool IsUnary(std::string_view method) {
  const pb::MethodDescriptor* descriptor = FindMethod(method);
  return descriptor != nullptr && !descriptor->client_streaming() &&
         !descriptor->server_streaming();
}

std::string Routes::OwnerOf(int32_t shard) const {
  const auto owner = directory_.OwnerOf(shard);
  return owner.has_value() ? owner->address : "";
}

StatusOr<Route> Routes::ToShard(int32_t shard, std::string_view what) const {
  const int32_t shards = directory_.Shards().value_or(model::ShardCount()).partitions;
  if (shard < 0 || shard >= shards) {
    return InvalidArgument("shard {}: there are {}, from 0", shard, shards);
  }
  std::string address = OwnerOf(shard);
  if (!address.empty()) return Route{.address = std::move(address), .shard = shard};
  return api::Elsewhere(fmt::format("{} shard {}, which no engine owns now", what, shard));
}

StatusOr<Route> Routes::ToTenant(const model::TenantId& tenant) const {
  return ToShard(directory_.ShardOf(tenant), fmt::format("tenant '{}' lives on", tenant.value()));
}

template <typename Request>
StatusOr<Route> Routes::ToTenantIn(std::string_view method, const std::string& bytes) const {
  Request request;
  if (!request.ParseFromString(bytes)) {
    return InvalidArgument("{}: the request does not decode", method);
  }
  return ToTenant(model::TenantId(request.tenant().id()));
}

template <typename Request>
StatusOr<Route> Routes::ToTenantNamed(std::string_view method, const std::string& bytes) const {
  Request request;
  if (!request.ParseFromString(bytes)) {
    return InvalidArgument("{}: the request does not decode", method);
  }
  return ToTenant(model::TenantId(request.tenant()));
}

bool Routes::HasLeft(const model::TenantId& tenant, int32_t shard) const {
  return directory_.ShardOf(tenant) != shard;
}

StatusOr<Route> Routes::Find(std::string_view method, const api::Caller& caller,
                             const std::function<std::string()>& request) const {
  if (method.starts_with("IngestService/") && !ingest_.empty()) {
    return Route{.address = ingest_[next_ingest_++ % ingest_.size()]};
  }
  if (method == "AdminService/CreateTenant") {
    return ToTenantIn<v1::CreateTenantRequest>(method, request());
  }
  if (method == "AdminService/UpdateTenant") {
    return ToTenantIn<v1::UpdateTenantRequest>(method, request());
  }
  if (method == "AdminService/MoveTenant") {
    return ToTenantNamed<v1::MoveTenantRequest>(method, request());
  }
  if (method == "AdminService/GetTenantMove") {
    return ToTenantNamed<v1::GetTenantMoveRequest>(method, request());
  }
  const auto operation = api::OperationOf(method);
  if (operation.has_value() && access::IsProgramWide(*operation)) {
    SPOTTER_ASSIGN_OR_RETURN(const int32_t shard, ShardIn(method, request()));
    return ToShard(shard, "asked for");
  }
  return ToTenant(caller.tenant);
}

StatusOr<Route> Routes::FindAny() const {
  const int32_t shards = directory_.Shards().value_or(model::ShardCount()).partitions;
  for (int32_t shard = 0; shard < shards; ++shard) {
    if (std::string address = OwnerOf(shard); !address.empty()) {
      return Route{.address = std::move(address)};
    }
  }
  return api::Elsewhere("no engine has announced itself");
}

std::vector<std::string> Routes::Addresses() const {
  std::vector<std::string> addresses;
  const int32_t shards = directory_.Shards().value_or(model::ShardCount()).partitions;
  for (int32_t shard = 0; shard < shards; ++shard) addresses.push_back(OwnerOf(shard));
  addresses.insert(addresses.end(), ingest_.begin(), ingest_.end());
  std::erase(addresses, "");
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace spotter::service
