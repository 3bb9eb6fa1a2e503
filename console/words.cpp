#include "console/words.h"

#include <algorithm>

#include "base/near_miss.h"
#include "console/text.h"

namespace jetway::console {

std::string Words::value(std::string_view option) const {
    const auto found = values.find(option);
    return found == values.end() ? std::string() : found->second;
}

std::vector<std::string> split_words(std::string_view line) {
    constexpr std::string_view blanks = " \t";
    std::vector<std::string> words;
    std::size_t begin = line.find_first_not_of(blanks);
    while (begin != std::string_view::npos) {
        const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
        words.emplace_back(line.substr(begin, end - begin));
        begin = line.find_first_not_of(blanks, end);
    }
    return words;
}

base::Result<Words> read_words(std::vector<std::string> words,
                               const std::vector<std::string_view>& flags,
                               const std::vector<std::string_view>& valued) {
    Words read;
    const auto is_one_of = [](const auto& names, std::string_view name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i == 0) {
            read.verb = std::move(words[i]);
            continue;
        }
        if (!words[i].starts_with("--")) {
            read.plain.push_back(std::move(words[i]));
            continue;
        }
        const std::size_t equals = words[i].find('=');
        const std::string name = words[i].substr(0, equals);
        if (is_one_of(flags, name) && equals == std::string::npos) {
            read.flags.insert(name);
        } else if (is_one_of(valued, name)) {
            if (equals == std::string::npos && i + 1 == words.size()) {
                return usage("expected a value after " + name);
            }
            read.values[name] =
                equals != std::string::npos ? words[i].substr(equals + 1) : words[++i];
        } else {
            std::vector<std::string_view> known = flags;
            known.insert(known.end(), valued.begin(), valued.end());
            return usage(read.verb + " has no option " + escaped(name) +
                         base::suggestion(name, known));
        }
    }
    return read;
}

}  // namespace jetway::console
