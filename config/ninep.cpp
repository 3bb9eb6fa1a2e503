#include "config/ninep.h"

#include "config/section.h"

namespace jetway::config {

std::vector<NinepListener> read_ninep(const YamlNode& node, std::vector<NinepListener> before,
                                      Problems& problems) {
    const Section section(node, "a map with `listen`", problems);
    section.check_keys({{"listen"}, {}, {}});
    const YamlNode* listen = section.find("listen");
    if (listen == nullptr) {
        return before;
    }
    return read_listeners(*listen, "9P", problems);
}

std::string ninep_socket(const std::string& socket) {
    constexpr std::string_view ending = ".sock";
    return socket.ends_with(ending) ? socket.substr(0, socket.size() - ending.size()) + "/svc"
                                    : socket + ".9p/svc";
}

}  // namespace jetway::config
