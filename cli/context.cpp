#include "cli/context.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace jetway::cli {

Context make_context() {
    Context context;
    context.to_terminal = ::isatty(STDOUT_FILENO) == 1;
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    context.colour = context.to_terminal && (no_color == nullptr || *no_color == '\0') &&
                     (term == nullptr || std::string_view(term) != "dumb");
    return context;
}

}  // namespace jetway::cli
