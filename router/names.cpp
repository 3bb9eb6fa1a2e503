#include "router/names.h"

namespace jetway::router {

Name::Name(Node* node) : node_(node) {
    ++node_->second.count;
}

Name::Name(const Name& other) : node_(other.node_) {
    if (node_ != nullptr) {
        ++node_->second.count;
    }
}

Name::~Name() {
    if (node_ != nullptr && --node_->second.count == 0) {
        auto& nodes = node_->second.of->nodes_;
        nodes.erase(nodes.find(node_->first));
    }
}

std::string_view Name::text() const {
    return node_ != nullptr ? std::string_view(node_->first) : std::string_view();
}

Name Names::name(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    auto found = nodes_.find(text);
    if (found == nodes_.end()) {
        found = nodes_.try_emplace(std::string(text)).first;
        found->second.of = this;
    }
    return Name(&*found);
}

}  // namespace jetway::router
