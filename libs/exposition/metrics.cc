// SPDX-License-Identifier: Apache-2.0
#include "exposition/metrics.h"

#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>

namespace spotter::exposition {
namespace {

class FamilySamples final : public Samples {
 public:
  void Counter(std::string_view name, std::string_view help, double value, Labels labels) override {
    Add(prometheus::MetricType::Counter, name, help, labels).counter.value = value;
  }
  void Gauge(std::string_view name, std::string_view help, double value, Labels labels) override {
    Add(prometheus::MetricType::Gauge, name, help, labels).gauge.value = value;
  }
  void AppendTo(std::vector<prometheus::MetricFamily>& out) {
    for (auto& [name, family] : families_) out.push_back(std::move(family));
  }

 private:
  prometheus::ClientMetric& Add(prometheus::MetricType type, std::string_view name,
                                std::string_view help, const Labels& labels) {
    prometheus::MetricFamily& family = families_[std::string(name)];
    family.name = name;
    family.help = help;
    family.type = type;
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    for (const auto& [label, text] : labels) {
      metric.label.push_back({.name = label, .value = text});
    }
    return metric;
  }

  std::map<std::string, prometheus::MetricFamily> families_;
};

class RegisteredHistogram final : public Histogram {
 public:
  explicit RegisteredHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

}  // namespace

const std::vector<double> kLatencyBuckets = {.0001, .00025, .0005, .001, .0025, .005, .01, .025,
                                             .05,   .1,     .25,   .5,   1,     2.5,  5,   10};
const std::vector<double> kLatenessBuckets = {.001, .01,   .1,     1,      10,     60,
                                              600,  3'600, 21'600, 86'400, 604'800};

struct Metrics::Impl {
  prometheus::Registry registry;
  std::vector<std::unique_ptr<Histogram>> histograms;
  std::vector<std::function<void(Samples&)>> sources;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Histogram& Metrics::AddHistogram(std::string_view name, std::string_view help,
                                 const std::vector<double>& buckets) {
  prometheus::Histogram& histogram = prometheus::BuildHistogram()
                                         .Name(std::string(name))
                                         .Help(std::string(help))
                                         .Register(impl_->registry)
                                         .Add({}, buckets);
  return *impl_->histograms.emplace_back(std::make_unique<RegisteredHistogram>(histogram));
}

void Metrics::AddSource(std::function<void(Samples&)> source) {
  impl_->sources.push_back(std::move(source));
}

std::string Metrics::Render() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  FamilySamples samples;
  for (const auto& source : impl_->sources) source(samples);
  samples.AppendTo(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace spotter::exposition
