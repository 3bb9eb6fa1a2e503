#include "ninep/commands.h"

#include <functional>
#include <string>

#include "base/units.h"
#include "ninep/errors.h"
#include "ninep/lines.h"

namespace jetway::ninep {

namespace {

using router::ControlRequest;
using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
    Words words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
        if (end > 0) {
            words.push_back(line.substr(0, end));
        }
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

// The words from `first` on, one blank between.
std::string joined(const Words& words, std::size_t first) {
    std::string text;
    for (std::size_t i = first; i < words.size(); ++i) {
        text += (text.empty() ? "" : " ") + std::string(words[i]);
    }
    return text;
}

base::Result<ControlRequest> read_register(std::string_view line, const Words& words) {
    constexpr const char* expected = "expected `register SERVICE ADDRESS [weight=N] [version=V]`";
    if (words.size() < 3) {
        return refused_line(line, expected);
    }
    ControlRequest request{.name = "register", .texts = {}, .flags = {}, .numbers = {}};
    request.texts.emplace("service", words[1]);
    request.texts.emplace("address", words[2]);
    for (std::size_t i = 3; i < words.size(); ++i) {
        if (words[i].starts_with("weight=")) {
            const base::Result<std::uint64_t> weight = base::parse_count(words[i].substr(7));
            if (!weight) {
                return refused_line(line, "expected a number after `weight=`");
            }
            request.numbers.insert_or_assign("weight", *weight);
        } else if (words[i].starts_with("version=")) {
            request.texts.insert_or_assign("version", std::string(words[i].substr(8)));
        } else {
            return refused_line(line, expected);
        }
    }
    return request;
}

base::Result<ControlRequest> read_command(std::string_view line, const Words& words) {
    const std::string_view verb = words[0];
    ControlRequest request{.name = std::string(verb), .texts = {}, .flags = {}, .numbers = {}};
    if (verb == "register") {
        return read_register(line, words);
    }
    if (verb == "deregister") {
        if (words.size() != 3) {
            return refused_line(line, "expected `deregister SERVICE ADDRESS`");
        }
        request.texts.emplace("service", words[1]);
        request.texts.emplace("address", words[2]);
        return request;
    }
    if (verb == "health") {
        if (words.size() != 4) {
            return refused_line(line, "expected `health SERVICE ADDRESS up|unhealthy`");
        }
        request.texts.emplace("service", words[1]);
        request.texts.emplace("address", words[2]);
        request.texts.emplace("health", words[3]);
        return request;
    }
    if (verb == "policy") {
        if (words.size() < 3) {
            return refused_line(line, "expected `policy SERVICE POLICY`");
        }
        request.texts.emplace("service", words[1]);
        request.texts.emplace("policy", joined(words, 2));
        return request;
    }
    if (verb == "drain" || verb == "undrain") {
        if (words.size() != 2) {
            return refused_line(line, "expected `" + std::string(verb) + " SERVICE` or `" +
                                          std::string(verb) + " --all`");
        }
        if (words[1] == "--all") {
            request.flags.emplace("all", true);
        } else {
            request.texts.emplace("service", words[1]);
        }
        return request;
    }
    return refused_line(line, "expected register, deregister, policy, drain, undrain or health");
}

using ReadLine =
    std::function<base::Result<ControlRequest>(std::string_view line, const Words& words)>;

base::Result<std::vector<ControlRequest>> read_lines(std::string_view lines,
                                                     const ReadLine& read_line) {
    std::vector<ControlRequest> requests;
    while (!lines.empty()) {
        const std::string_view line = take_line(lines);
        const Words words = words_of(line);
        if (words.empty() || words[0].starts_with('#')) {
            continue;
        }
        if (requests.size() == most_commands) {
            return error("EINVAL",
                         "at most " + std::to_string(most_commands) + " commands in one write");
        }
        base::Result<ControlRequest> request = read_line(line, words);
        if (!request) {
            return request.error();
        }
        requests.push_back(std::move(*request));
    }
    return requests;
}

}  // namespace

base::Result<std::vector<ControlRequest>> read_commands(std::string_view lines) {
    return read_lines(lines, read_command);
}

base::Result<std::vector<ControlRequest>> read_policies(std::string_view lines,
                                                        std::string_view service) {
    return read_lines(
        lines,
        [service](std::string_view line, const Words& words) -> base::Result<ControlRequest> {
            ControlRequest request{.name = "policy", .texts = {}, .flags = {}, .numbers = {}};
            if (service.empty() && words.size() < 2) {
                return refused_line(line, "expected `SERVICE POLICY`");
            }
            request.texts.emplace("service", service.empty() ? words[0] : service);
            request.texts.emplace("policy", joined(words, service.empty() ? 1 : 0));
            return request;
        });
}

}  // namespace jetway::ninep
