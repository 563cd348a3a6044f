// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "api/ports.h"
#include "spotter/v1/action_service.grpc.pb.h"

namespace spotter::api {

// Whose stream, and at which shard.
struct StreamOf {
  const Ports& ports;
  ShardHandle shard;
  Caller caller;
};

// One worker's stream. gRPC's threads read what the worker says into an inbox; a thread of its own
// delivers and answers. Deletes itself when the call is over.
class ActionStream final
    : public grpc::ServerBidiReactor<v1::StreamActionsRequest, v1::StreamActionsResponse> {
 public:
  // Draining tells streams to end with Revoked. `open_streams` counts those that live.
  ActionStream(StreamOf of, grpc::CallbackServerContext& context, const std::atomic<bool>& draining,
               std::atomic<int>& open_streams);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  Status Run();
  std::optional<v1::StreamActionsRequest> WaitForRequest();
  Status Open();
  Status Serve();
  Status Handle(const v1::StreamActionsRequest& request);
  Status Settle(const v1::SettlementBatch& batch);
  Status Deliver();
  void AddCredit(const v1::Credit& credit);
  bool MayDeliver() const;
  bool Write(const v1::StreamActionsResponse& response);
  bool WriteProgress();

  const Ports& ports_;
  const ShardHandle shard_;
  const Caller caller_;
  grpc::CallbackServerContext& context_;
  const std::atomic<bool>& draining_;
  std::atomic<int>& open_streams_;

  // Of the stream's own thread.

  std::string subscription_;
  Duration ack_deadline_{0};
  int64_t credit_ = 0;
  int64_t bytes_ = 0;
  bool bytes_bounded_ = false;
  bool worker_drains_ = false;
  std::map<std::string, EventTime> outstanding_;  // token, deadline
  std::chrono::steady_clock::time_point last_write_;

  std::mutex mutex_;
  std::condition_variable changed_;
  v1::StreamActionsRequest incoming_;  // gRPC reads into it
  std::deque<v1::StreamActionsRequest> inbox_;
  bool read_paused_ = false;  // the inbox was full: the worker waits, HTTP/2 holds it back
  bool reads_done_ = false;
  bool writing_ = false;
  bool broken_ = false;
  std::thread thread_;
};

}  // namespace spotter::api
