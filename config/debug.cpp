#include "config/debug.h"

#include <string_view>

namespace jetway::config {

std::string debug_socket(const std::string& socket) {
    constexpr std::string_view ending = ".sock";
    return socket.ends_with(ending) ? socket.substr(0, socket.size() - ending.size()) + "/debug"
                                    : socket + ".d/debug";
}

}  // namespace jetway::config
