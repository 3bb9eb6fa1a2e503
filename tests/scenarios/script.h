// Script: a scenario's file as commands, each with what it printed.
//
//   # a remark, kept as it is; so are empty lines
//   run 300ms                                       a command stands at the beginning of a line
//       0.004  a  link to b is up                   what it printed is indented
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jetway::scenarios {

struct Step {
    std::size_t line = 0;              // from 1
    std::string text;                  // a command, a remark or nothing
    std::vector<std::string> printed;  // without the indent

    bool is_command() const { return !text.empty() && text[0] != '#'; }
};

std::vector<Step> read_script(std::string_view text);
std::string write_script(const std::vector<Step>& steps);

}  // namespace jetway::scenarios
