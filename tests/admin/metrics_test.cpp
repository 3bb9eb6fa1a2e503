// MetricsText: Prometheus' text format; and the page that is made of `statistics`.
#include "admin/metrics.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "admin/metrics_text.h"

namespace jetway::admin {

namespace {

using envelope::Json;

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        all.push_back(line);
    }
    return all;
}

bool has_line(const std::string& text, const std::string& line) {
    for (const std::string& one : lines(text)) {
        if (one == line) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_SUITE("admin.metrics_text") {
    TEST_CASE("a metric is its HELP, its TYPE and its samples") {
        MetricsText out;
        out.begin("jetway_things_total", "counter", "Things.");
        out.add(3);
        out.add({{"kind", "a"}, {"way", "in"}}, 4.5);
        CHECK(out.text() ==
              "# HELP jetway_things_total Things.\n# TYPE jetway_things_total counter\n"
              "jetway_things_total 3\njetway_things_total{kind=\"a\",way=\"in\"} 4.5\n");
    }

    TEST_CASE("backslashes, newlines and quotes are escaped where the format wants it") {
        MetricsText out;
        out.begin("x", "gauge", "a \\ \"quoted\"\nline");
        out.add({{"l", "a\\b\"c\nd"}}, 1);
        CHECK(out.text() ==
              "# HELP x a \\\\ \"quoted\"\\nline\n# TYPE x gauge\nx{l=\"a\\\\b\\\"c\\nd\"} 1\n");
    }

    TEST_CASE("a histogram's buckets add up, and the last one is +Inf") {
        MetricsText out;
        out.begin("t_seconds", "histogram", "T.");
        out.add_histogram({{"a", "b"}}, {0.001, 0.5}, {1, 2, 4}, 7.25);
        CHECK(out.text() ==
              "# HELP t_seconds T.\n# TYPE t_seconds histogram\n"
              "t_seconds_bucket{a=\"b\",le=\"0.001\"} 1\nt_seconds_bucket{a=\"b\",le=\"0.5\"} 3\n"
              "t_seconds_bucket{a=\"b\",le=\"+Inf\"} 7\nt_seconds_sum{a=\"b\"} 7.25\n"
              "t_seconds_count{a=\"b\"} 7\n");
    }
}

TEST_SUITE("admin.metrics") {
    TEST_CASE("figures of the answer stand in the page in base units") {
        const Json statistics = {
            {"machineId", "a"},
            {"version", "1"},
            {"state", "draining"},
            {"envelopes",
             {{"received", 10},
              {"delivered", 9},
              {"toRouter", 2},
              {"toLoopback", 3},
              {"refused", {{"no-route", 5}}}}},
            {"forwarding",
             {{"boundsMicroseconds", {5, 10}}, {"counts", {1, 2, 3}}, {"sumMicroseconds", 4000}}},
            {"hops", {7, 0, 2}},
            {"links",
             {{{"machineId", "b"},
               {"state", "up"},
               {"announcementAgeMs", 1500},
               {"roundTripMicroseconds", {{"smoothed", 250}, {"least", 125}}}},
              {{"machineId", "c"}, {"state", "down"}, {"roundTripMicroseconds", nullptr}}}},
            {"process", {{"cpuMicroseconds", 2'500'000}}}};
        const std::string page = metrics_text(statistics);
        for (const std::string line : {
                 "jetway_info{machine=\"a\",version=\"1\"} 1",
                 "jetway_state{state=\"running\"} 0",
                 "jetway_state{state=\"draining\"} 1",
                 "jetway_envelopes_received_total 10",
                 "jetway_envelopes_delivered_total{to=\"service\"} 4",
                 "jetway_refusals_total{code=\"no-route\"} 5",
                 "jetway_forwarding_seconds_bucket{le=\"5e-06\"} 1",
                 "jetway_forwarding_seconds_bucket{le=\"1e-05\"} 3",
                 "jetway_forwarding_seconds_count 6",
                 "jetway_forwarding_seconds_sum 0.004",
                 "jetway_hops_bucket{le=\"0\"} 7",
                 "jetway_hops_bucket{le=\"2\"} 9",
                 "jetway_hops_sum 4",
                 "jetway_link_state{neighbour=\"b\",state=\"up\"} 1",
                 "jetway_link_announcement_age_seconds{neighbour=\"b\"} 1.5",
                 "jetway_link_round_trip_seconds{neighbour=\"b\"} 0.00025",
                 "process_cpu_seconds_total 2.5",
             }) {
            CAPTURE(line);
            CHECK(has_line(page, line));
        }
        CHECK(page.find("round_trip_seconds{neighbour=\"c\"}") == std::string::npos);
    }

    TEST_CASE("every sample belongs to the metric that was begun, and none is begun twice") {
        const std::string page = metrics_text(Json::object());
        std::set<std::string> begun;
        std::string name;
        for (const std::string& line : lines(page)) {
            CAPTURE(line);
            if (line.starts_with("# HELP ")) {
                name = line.substr(7, line.find(' ', 7) - 7);
                CHECK(begun.insert(name).second);
            } else {
                CHECK((line.starts_with("# TYPE " + name + ' ') || line.starts_with(name)));
            }
        }
        CHECK(begun.size() > 40);
    }

    TEST_CASE("whatever the answer is, there is a page") {
        for (const char* text :
             {"null", "[]", "{\"envelopes\": 3, \"terminals\": {}, \"links\": [1, null]}",
              "{\"hops\": [1, \"x\", -3], \"routeChanges\": [1]}",
              "{\"forwarding\": {\"counts\": 1, \"boundsMicroseconds\": [1]}}"}) {
            CAPTURE(text);
            CHECK(metrics_text(Json::parse(text)).starts_with("# HELP jetway_info"));
        }
    }
}

}  // namespace jetway::admin
