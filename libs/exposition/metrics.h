// SPDX-License-Identifier: Apache-2.0
//
// The program's metrics as Prometheus reads them. Counts are kept where things happen and are
// asked for at a scrape; only latencies are observed as they happen. The only user of
// prometheus-cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spotter::exposition {

using Labels = std::vector<std::pair<std::string, std::string>>;

// What a source says at a scrape. Samples of one name come together, with one help text.
// Names are spotter_<library>_<noun>_<unit>, counters end in _total; labels have few values.
class Samples {
 public:
  virtual ~Samples() = default;
  virtual void Counter(std::string_view name, std::string_view help, double value,
                       Labels labels = {}) = 0;
  virtual void Gauge(std::string_view name, std::string_view help, double value,
                     Labels labels = {}) = 0;
};

// Thread safety: Observe from any thread.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

// Upper bounds of buckets, seconds: 100 µs to 10 s; 0.1 and 1 are the edges that promises name.
extern const std::vector<double> kLatencyBuckets;
// Minutes to a week, for things that are late by outages.
extern const std::vector<double> kLatenessBuckets;

// Thread safety: Render from any thread; the others before the first scrape.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  // Lives as long as this.
  Histogram& AddHistogram(std::string_view name, std::string_view help,
                          const std::vector<double>& buckets);
  void AddSource(std::function<void(Samples&)> source);
  // The text format, version 0.0.4.
  std::string Render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spotter::exposition
