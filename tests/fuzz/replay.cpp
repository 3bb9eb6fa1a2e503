// Runs every target over its folder of the corpus, or over the files that are named: a finding once
// fixed stays fixed, under whatever compiler this is built with.
//
//   replay CORPUS [TARGET [FILE...]]
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

namespace {

using jetway::fuzz::Target;

void run(const Target& target, const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    // Named before it runs: what breaks a promise ends the program.
    std::printf("%.*s %s\n", static_cast<int>(target.name.size()), target.name.data(),
                file.filename().c_str());
    std::fflush(stdout);
    target.run(jetway::base::as_bytes(text));
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.empty()) {
        std::fprintf(stderr, "usage: replay CORPUS [TARGET [FILE...]]\n");
        return 2;
    }
    std::size_t ran = 0;
    for (const Target& target : jetway::fuzz::targets) {
        if (arguments.size() > 1 && arguments[1] != target.name) {
            continue;
        }
        std::vector<std::filesystem::path> files(
            arguments.begin() + std::min<std::ptrdiff_t>(2, std::ssize(arguments)),
            arguments.end());
        if (arguments.size() < 3) {
            files = files_in(std::filesystem::path(arguments[0]) / target.name);
        }
        target.run({});
        for (const std::filesystem::path& file : files) {
            run(target, file);
        }
        if (files.empty()) {
            std::fprintf(stderr, "replay: no files for the target %.*s in %s\n",
                         static_cast<int>(target.name.size()), target.name.data(),
                         arguments[0].c_str());
            return 1;
        }
        ran += files.size();
    }
    std::printf("%zu files\n", ran);
    return ran == 0 ? 1 : 0;
}
