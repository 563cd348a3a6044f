// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/program/address.h"

namespace spotter::service {

// What the admin port says. Functions are called from its threads.
struct AdminPages {
  std::function<std::string()> metrics;
  std::function<std::string()> problem;  // "" = ready
};

// GET /metrics, /healthz (the process lives) and /readyz (it serves: 200, or 503 and why).
class AdminHttp {
 public:
  AdminHttp(const Address& address, AdminPages pages);
  ~AdminHttp();
  Status Start();  // Unavailable names the address
  void Stop();
  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spotter::service
