// `jetway prove`: a deployment's mesh under every failure of one or two of its parts.
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "cli/deployment_file.h"
#include "cli/parallel.h"
#include "cli/report.h"
#include "cli/simulated.h"
#include "cli/verbs.h"
#include "console/format.h"
#include "sim/proof.h"

namespace jetway::cli {

namespace {

struct ProveOptions {
    std::string file;
    std::size_t failures = 2;
    std::size_t orders = 3;
    unsigned jobs = 0;
    std::uint64_t replay = 0;
    bool json = false;
};

struct Found {
    std::uint64_t runs = 0;
    std::uint64_t states = 0;
    std::uint64_t events = 0;
    sim::Proof::Outcome slowest;
    std::optional<sim::Proof::Outcome> counter_example;  // the first in order of numbers
};

// A line that is written over, on a terminal: "[#####     ]  50 %".
std::string progress_bar(std::uint64_t done, std::uint64_t all) {
    constexpr std::uint64_t width = 40;
    const std::uint64_t full = done * width / all;
    return "\r[" + std::string(full, '#') + std::string(width - full, ' ') + "] " +
           std::to_string(100 * done / all) + " %";
}

Found find(const sim::Proof& proof, const ProveOptions& options, bool bar) {
    Found found;
    std::mutex mutex;
    in_parallel(
        proof.runs(), options.jobs != 0 ? options.jobs : core_count(), [&](std::uint64_t number) {
            sim::Proof::Outcome outcome = proof.run(number, false);
            const std::lock_guard lock(mutex);
            ++found.runs;
            found.states += outcome.states;
            found.events += outcome.events;
            const bool good = outcome.violation.empty();
            if (good && outcome.settled > found.slowest.settled) {
                found.slowest = outcome;
            }
            if (!good && (!found.counter_example || number < found.counter_example->number)) {
                found.counter_example = std::move(outcome);
            }
            if (bar && (found.runs % 16 == 0 || found.runs == proof.runs())) {
                print(progress_bar(found.runs, proof.runs()));
            }
            return good;
        });
    if (bar) {
        print("\n");
    }
    return found;
}

int replay(const sim::Proof& proof, const ProveOptions& options) {
    if (options.replay >= proof.runs()) {
        complain("--replay: with these --failures and --seeds there are runs 0 to " +
                 std::to_string(proof.runs() - 1));
        return exit_usage;
    }
    const sim::Proof::Outcome outcome = proof.run(options.replay, true);
    for (const std::string& line : outcome.story) {
        print(line + "\n");
    }
    print("run " + std::to_string(outcome.number) + ", failed: " + outcome.failed + "\n" +
          (outcome.violation.empty()
               ? "no violation; settled in " + console::format_milliseconds(outcome.settled)
               : "VIOLATION " + outcome.violation) +
          "\n");
    return outcome.violation.empty() ? exit_yes : exit_negative;
}

void show(const sim::Proof& proof, const Found& found, const ProveOptions& options) {
    if (options.json) {
        nlohmann::ordered_json answer = {
            {"schema", "jetway.prove/1"},
            {"failures", options.failures},
            {"sets", proof.sets()},
            {"orders", options.orders},
            {"runs", found.runs},
            {"events", found.events},
            {"states", found.states},
            {"holds", !found.counter_example.has_value()},
            {"slowestMs", base::to_microseconds(found.slowest.settled) / 1'000},
            {"slowest", found.slowest.failed}};
        if (found.counter_example) {
            answer["counterExample"] = {{"run", found.counter_example->number},
                                        {"failed", found.counter_example->failed},
                                        {"violation", found.counter_example->violation}};
        }
        print(answer.dump() + "\n");
        return;
    }
    print(console::format_plural(proof.sets(), "set") + " of up to " +
          console::format_plural(options.failures, "failure") + ", " +
          console::format_plural(options.orders, "order") + " of events each: " +
          console::format_count(found.runs) + " runs, " + console::format_count(found.events) +
          " events, " + console::format_count(found.states) + " states checked\n");
    if (const auto& example = found.counter_example) {
        print("it does not hold: with " + example->failed + ":\n  " + example->violation +
              "\nto see it event by event:\n  jetway prove " + options.file + " --failures " +
              std::to_string(options.failures) + " --seeds " + std::to_string(options.orders) +
              " --replay " + std::to_string(example->number) + "\n");
        return;
    }
    print(
        "0 loops; every mesh that was left found the shortest ways, and again when all was back\n"
        "the slowest settled in " +
        console::format_milliseconds(found.slowest.settled) + " (" + found.slowest.failed +
        ", run " + std::to_string(found.slowest.number) +
        ")\nthis is a bounded check: these failures in these orders, not all there are\n");
}

int prove(const ProveOptions& options, bool replaying, const Context& context) {
    int exit_code = exit_yes;
    const auto deployment = read_deployment(options.file, exit_code);
    if (!deployment) {
        return exit_code;
    }
    const sim::Proof proof(topology_of(*deployment), simulated_options(*deployment),
                           options.failures, options.orders);
    if (replaying) {
        return replay(proof, options);
    }
    const Found found = find(proof, options, context.to_terminal && !options.json);
    show(proof, found, options);
    return found.counter_example ? exit_negative : exit_yes;
}

}  // namespace

void add_prove(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand(
        "prove", "Try every failure of a deployment's links and machines, simulated");
    verb->footer(
        "Every set of up to --failures links and machines fails at about the same time, with and "
        "without a word, and comes "
        "back; in each of --seeds orders of events. At every step no selected routes may lead in a "
        "circle, and after it "
        "every machine that can be reached is reached by the shortest way. Exit code 1: it found "
        "where not, and "
        "--replay shows that run.\n\nExamples:\n"
        "  jetway prove deployment.yml\n"
        "  jetway prove deployment.yml --failures 1 --seeds 50\n"
        "  jetway prove deployment.yml --replay 17");
    const auto options = std::make_shared<ProveOptions>();
    verb->add_option("FILE", options->file, "The deployment file")->required();
    verb->add_option("--failures", options->failures, "At once, at most")
        ->check(CLI::Range(1, 4))
        ->capture_default_str();
    verb->add_option("--seeds", options->orders, "Orders of events for each set")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    verb->add_option("--jobs", options->jobs, "Threads; as many as cores unless given")
        ->check(CLI::Range(1, 1024));
    const CLI::Option* replayed =
        verb->add_option("--replay", options->replay, "Show this run, event by event")
            ->type_name("RUN");
    verb->add_flag("--json", options->json, "One JSON object");
    verb->callback([options, replayed, &context] {
        context.exit_code = prove(*options, !replayed->empty(), context);
    });
}

}  // namespace jetway::cli
