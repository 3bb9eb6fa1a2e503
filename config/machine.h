// Reads one machine of the file: everything that can be checked without knowing the others.
#pragma once

#include <vector>

#include "config/deployment.h"
#include "config/settings.h"
#include "config/yaml.h"

namespace jetway::config {

// A machine with the places that problems between machines are reported at.
struct MachineDraft {
    struct LinkPlaces {
        Place peer;
        Place address;
    };

    MachineConfig config;
    std::vector<LinkPlaces> links;  // one for each of config.links
    bool has_listen = false;
    std::vector<PlacedName> admin_remote;
};

MachineDraft read_machine(const YamlNode& name, const YamlNode& body, const Settings& defaults,
                          Problems& problems);

}  // namespace jetway::config
