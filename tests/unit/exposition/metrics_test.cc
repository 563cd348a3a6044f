// SPDX-License-Identifier: Apache-2.0
#include "exposition/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spotter::exposition {
namespace {

using testing::HasSubstr;

TEST(Metrics, RendersWhatSourcesSayAtTheScrape) {
  Metrics metrics;
  double events = 1;
  metrics.AddSource([&](Samples& out) {
    out.Counter("spotter_engine_events_total", "Events.", events, {{"kind", "purchase"}});
    out.Gauge("spotter_engine_lag_seconds", "Lag.", 0.5);
  });
  EXPECT_THAT(metrics.Render(), HasSubstr("spotter_engine_events_total{kind=\"purchase\"} 1"));
  events = 7;
  const std::string text = metrics.Render();
  EXPECT_THAT(text, HasSubstr("spotter_engine_events_total{kind=\"purchase\"} 7"));
  EXPECT_THAT(text, HasSubstr("# TYPE spotter_engine_events_total counter"));
  EXPECT_THAT(text, HasSubstr("# HELP spotter_engine_lag_seconds Lag."));
  EXPECT_THAT(text, HasSubstr("spotter_engine_lag_seconds 0.5"));
}

TEST(Metrics, GroupsTheSamplesOfAName) {
  Metrics metrics;
  metrics.AddSource([](Samples& out) {
    out.Counter("a_total", "A.", 1, {{"x", "1"}});
    out.Counter("b_total", "B.", 2);
    out.Counter("a_total", "A.", 3, {{"x", "2"}});
  });
  const std::string text = metrics.Render();
  EXPECT_EQ(text.find("# HELP a_total"), text.rfind("# HELP a_total"));
  EXPECT_LT(text.find("a_total{x=\"2\"} 3"), text.find("b_total 2"));
}

TEST(Metrics, CountsObservationsInBuckets) {
  Metrics metrics;
  Histogram& latency = metrics.AddHistogram("spotter_x_seconds", "X.", {0.1, 1});
  latency.Observe(0.05);
  latency.Observe(0.5);
  latency.Observe(5);
  const std::string text = metrics.Render();
  EXPECT_THAT(text, HasSubstr("spotter_x_seconds_bucket{le=\"0.1\"} 1"));
  EXPECT_THAT(text, HasSubstr("spotter_x_seconds_bucket{le=\"1\"} 2"));
  EXPECT_THAT(text, HasSubstr("spotter_x_seconds_bucket{le=\"+Inf\"} 3"));
  EXPECT_THAT(text, HasSubstr("spotter_x_seconds_count 3"));
}

}  // namespace
}  // namespace spotter::exposition
