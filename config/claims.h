// Claims: what must be unique in a file is claimed once; the second time is a problem that says
// where the first was.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/quoted.h"
#include "config/problem.h"

namespace jetway::config {

class Claims {
public:
    explicit Claims(Problems& problems) : problems_(problems) {}

    bool claim(const std::string& name, Place at, std::string_view what) {
        const auto [first, fresh] = first_.emplace(name, at.line);
        if (!fresh) {
            problems_.add(at, std::string(what) + " " + quoted(name) +
                                  " stands here a second time: the first is on line " +
                                  std::to_string(first->second));
        }
        return fresh;
    }

private:
    Problems& problems_;
    std::map<std::string, int> first_;
};

}  // namespace jetway::config
