// test_scenarios [--rewrite] [NAME…]: runs every tests/scenarios/*.txt, or those named, and
// compares what each command prints with what stands below it. --rewrite writes it there instead:
// review the diff.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/scenarios/script.h"
#include "tests/scenarios/stage.h"

namespace jetway::scenarios {

namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// What differs, with - for what was expected and + for what came.
void print_difference(const std::string& file, const Step& step,
                      const std::vector<std::string>& printed) {
    std::printf("%s:%zu: %s\n", file.c_str(), step.line, step.text.c_str());
    const std::size_t lines = std::max(step.printed.size(), printed.size());
    for (std::size_t i = 0; i < lines; ++i) {
        const std::string* expected = i < step.printed.size() ? &step.printed[i] : nullptr;
        const std::string* came = i < printed.size() ? &printed[i] : nullptr;
        if (expected != nullptr && came != nullptr && *expected == *came) {
            std::printf("      %s\n", came->c_str());
            continue;
        }
        if (expected != nullptr) {
            std::printf("    - %s\n", expected->c_str());
        }
        if (came != nullptr) {
            std::printf("    + %s\n", came->c_str());
        }
    }
}

// True if it printed what stands there, or does now.
bool perform(const fs::path& path, bool rewrite) {
    const std::string file = path.filename().string();
    std::vector<Step> steps = read_script(read_file(path));
    Stage stage;
    bool same = true;
    bool failed = false;
    for (Step& step : steps) {
        std::vector<std::string> printed;
        if (step.is_command()) {
            auto done = stage.perform(step.text);
            if (!done) {
                std::printf("%s:%zu: %s\n", path.c_str(), step.line, done.error().detail.c_str());
                failed = true;
                break;
            }
            printed = std::move(*done);
        }
        if (printed != step.printed) {
            if (!rewrite && same) {  // the first one: the others follow from it
                print_difference(file, step, printed);
            }
            same = false;
            step.printed = std::move(printed);
        }
    }
    if (rewrite && !same) {
        std::ofstream(path, std::ios::binary) << write_script(steps);
        std::printf("%s: rewritten\n", file.c_str());
    }
    return !failed && (same || rewrite);
}

int run(const std::vector<std::string>& arguments) {
    bool rewrite = false;
    std::vector<fs::path> files;
    for (const std::string& argument : arguments) {
        if (argument == "--rewrite") {
            rewrite = true;
        } else {
            files.push_back(fs::path(JETWAY_SCENARIOS) / (argument + ".txt"));
        }
    }
    if (files.empty()) {
        for (const auto& entry : fs::directory_iterator(JETWAY_SCENARIOS)) {
            if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") {
                files.push_back(entry.path());
            }
        }
    }
    std::sort(files.begin(), files.end());
    std::size_t failed = 0;
    for (const fs::path& file : files) {
        if (!perform(file, rewrite)) {
            ++failed;
        }
    }
    std::printf("%zu scenarios, %zu failed\n", files.size(), failed);
    return failed == 0 && !files.empty() ? 0 : 1;
}

}  // namespace

}  // namespace jetway::scenarios

int main(int count, char** arguments) {
    return jetway::scenarios::run({arguments + 1, arguments + count});
}
