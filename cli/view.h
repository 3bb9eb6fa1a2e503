// View: a verb that asks a router one thing about itself and shows the answer, as a table or as
// JSON.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/result.h"
#include "cli/context.h"
#include "envelope/json.h"

namespace jetway::cli {

// Sends the view's request with these args, and waits for the answer.
using Ask = std::function<base::Result<envelope::Json>(envelope::Json args)>;

struct View {
    std::string name;  // of the verb, and of the control request
    std::string description;
    std::string examples;
    // The answer for a person.
    std::function<std::string(const envelope::Json& answer, bool colour)> text;
    bool takes_all = false;  // has --all
    std::string all_help;
    std::string at_alias = {};  // another name of --at; empty: none
    std::string json_help = "One JSON object instead of a table";
    // Options of its own; null: none.
    std::function<void(CLI::App& verb)> add_options = {};
    // How the answer is come by, when one request with `args` is not all: null: it is.
    std::function<base::Result<envelope::Json>(const Ask& ask, envelope::Json args)> fetch = {};
    // Of an answer; null: it is always exit_yes.
    std::function<ExitCode(const envelope::Json& answer)> exit_code = {};
};

void add_view(CLI::App& app, Context& context, View view);

}  // namespace jetway::cli
