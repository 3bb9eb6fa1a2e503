// `jetway sim`: meshes under faults on a made-up network, each drawn from a seed and checked at
// every step.
#include <chrono>
#include <random>

#include "cli/parallel.h"
#include "cli/report.h"
#include "cli/seeds.h"
#include "cli/verbs.h"
#include "console/format.h"

namespace jetway::cli {

namespace {

struct SimOptions {
    std::uint64_t seed = 0;
    std::uint64_t first = 0;
    std::uint64_t seeds = 0;
    unsigned jobs = 0;
    bool story = false;
    sim::RunOptions run;
};

std::string seconds_text(base::Duration duration) {
    return console::format_milliseconds(duration);
}

int run_one(const SimOptions& options) {
    sim::RunOptions run = options.run;
    run.story = options.story;
    const sim::Outcome outcome = sim::run(options.seed, run);
    for (const std::string& line : outcome.story) {
        print(line + "\n");
    }
    print("seed " + std::to_string(outcome.seed) + ": " + outcome.what + "\n");
    print("  " + console::format_count(outcome.events) + " events in " +
          seconds_text(outcome.simulated) + " of simulated time, " +
          console::format_count(outcome.states) + " states checked, " +
          console::format_count(outcome.sent) + " envelopes sent, trace " +
          std::to_string(outcome.fingerprint) + "\n");
    if (!outcome.violation.empty()) {
        print("  VIOLATION " + outcome.violation + "\n");
        return exit_negative;
    }
    print("  settled " + seconds_text(outcome.settled_after) +
          " after the last fault, no violation\n");
    return exit_yes;
}

int run_many(const SimOptions& options, const Context& context) {
    std::uint64_t first = options.first;
    if (first == 0) {
        std::random_device device;
        first = (std::uint64_t{device()} << 16U) + 1;
    }
    const unsigned jobs = options.jobs != 0 ? options.jobs : core_count();
    print("first seed " + std::to_string(first) + ", " + console::format_count(options.seeds) +
          " seeds, " + console::format_plural(jobs, "thread") + "\n");
    const auto progress = [&](std::uint64_t runs) {
        if (context.to_terminal && (runs % 64 == 0 || runs == options.seeds)) {
            print("\r" + std::to_string(100 * runs / options.seeds) + " %  " +
                  console::format_count(runs) + " runs" + (runs == options.seeds ? "\n" : ""));
        }
    };
    const SeedsTotal total = run_seeds(first, options.seeds, jobs, options.run, progress);
    print(console::format_count(total.runs) + " runs, " + console::format_count(total.events) +
          " events, " + console::format_count(total.states) + " states checked, " +
          console::format_count(total.followed) + " hops followed, " +
          console::format_count(total.envelopes) + " envelopes, " +
          console::format_count(total.holds) + " holds, " +
          std::to_string(total.simulated / std::chrono::hours(1)) + " h simulated\n");
    std::string faults = "faults:";
    for (std::size_t i = 0; i < total.faults.size(); ++i) {
        faults +=
            " " + std::string(sim::fault_names[i]) + " " + console::format_count(total.faults[i]);
    }
    print(faults + "\n");
    if (total.failed) {
        print("\nVIOLATION with seed " + std::to_string(total.failed->seed) + " (" +
              total.failed->what + ")\n  " + total.failed->violation +
              "\nto see it again, event by event:\n  jetway sim --seed " +
              std::to_string(total.failed->seed) + " --story\n");
        return exit_negative;
    }
    print("the slowest settled " + seconds_text(total.slowest) + " after its last fault (seed " +
          std::to_string(total.slowest_seed) + ")\n0 violations\n");
    return exit_yes;
}

}  // namespace

void add_sim(CLI::App& app, Context& context) {
    CLI::App* verb =
        app.add_subcommand("sim", "Simulate meshes under faults, and check every step");
    verb->footer(
        "Each seed draws a mesh of real routers, its options and its faults: links cut, half open "
        "or reset, machines "
        "killed, paused or there twice, partitions, slow and flapping services, damaged bytes, "
        "neighbours that lie. After "
        "every turn: no loop in the selected routes, no envelope unaccounted for, no queue or "
        "table beyond its bound. "
        "Once the faults have ended: every route the shortest, every catalog the newest. Exit code "
        "1: a violation, "
        "with the command that shows it again.\n\nExamples:\n"
        "  jetway sim --seeds 10000\n"
        "  jetway sim --seeds 1000000 --first 1\n"
        "  jetway sim --seed 123 --story");
    const auto options = std::make_shared<SimOptions>();
    CLI::Option* seed = verb->add_option("--seed", options->seed, "Run this one");
    CLI::Option* seeds = verb->add_option("--seeds", options->seeds, "Run so many")
                             ->check(CLI::Range(1, 1'000'000'000));
    seed->excludes(seeds);
    verb->add_option("--first", options->first, "The first of them; a fresh one unless given")
        ->needs(seeds);
    verb->add_option("--jobs", options->jobs, "Threads; as many as cores unless given")
        ->check(CLI::Range(1, 1024));
    verb->add_flag("--story", options->story, "Print what happens")->needs(seed);
    verb->add_option("--least", options->run.least_machines, "Machines, at least")
        ->check(CLI::Range(2, 1000))
        ->capture_default_str();
    verb->add_option("--most", options->run.most_machines, "Machines, at most")
        ->check(CLI::Range(2, 1000))
        ->capture_default_str();
    verb->callback([options, seed, seeds, &context] {
        if (options->run.most_machines < options->run.least_machines ||
            (seed->empty() && seeds->empty())) {
            complain("sim needs --seed N or --seeds N, and --least no greater than --most");
            context.exit_code = exit_usage;
            return;
        }
        context.exit_code = seed->empty() ? run_many(*options, context) : run_one(*options);
    });
}

}  // namespace jetway::cli
