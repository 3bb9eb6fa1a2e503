#include "daemon/process_figures.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace jetway::daemon {

namespace {

std::uint64_t microseconds(const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000U +
           static_cast<std::uint64_t>(time.tv_usec);
}

std::uint64_t open_files() {
    DIR* folder = opendir("/proc/self/fd");
    if (folder == nullptr) {
        return 0;
    }
    std::uint64_t entries = 0;
    while (readdir(folder) != nullptr) {
        ++entries;
    }
    closedir(folder);
    constexpr std::uint64_t others = 3;  // `.`, `..` and what the folder is read by
    return entries > others ? entries - others : 0;
}

}  // namespace

router::ProcessFigures process_figures() {
    router::ProcessFigures figures;
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        figures.cpu_microseconds = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    }
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    if (statm >> size >> resident) {
        figures.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    }
    figures.open_files = open_files();
    rlimit most{};
    if (getrlimit(RLIMIT_NOFILE, &most) == 0) {
        figures.most_open_files = most.rlim_cur;
    }
    return figures;
}

}  // namespace jetway::daemon
