#include "ninep/qids.h"

namespace jetway::ninep {

namespace {

constexpr std::uint64_t mounted = 1ULL << 63U;  // no file of the router's own tree has this bit

// SplitMix64's finish.
std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

void add(std::uint64_t& hash, std::string_view name) {
    for (const char c : name) {
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100'0000'01b3U;  // FNV-1a
    }
    hash = mix(hash + name.size() + 1);
}

std::uint64_t hash_of(std::string_view service, const std::vector<std::string>& path,
                      std::size_t depth) {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
    add(hash, service);
    for (std::size_t i = 0; i < depth; ++i) {
        add(hash, path[i]);
    }
    return hash;
}

}  // namespace

Qid Qids::root(std::string_view service) const {
    return {qid_type::directory, 0, hash_of(service, {}, 0) | mounted};
}

Qid Qids::of(std::string_view service, const std::vector<std::string>& path, std::size_t depth,
             std::uint64_t instance, const Qid& theirs) {
    const std::uint64_t hash = hash_of(service, path, depth);
    const auto [at, fresh] = met_.try_emplace(hash, Met{instance, theirs.path, 0});
    if (fresh) {
        order_.push_back(hash);
        if (order_.size() > most_) {
            met_.erase(order_.front());
            order_.pop_front();
        }
    } else if (at->second.instance == instance && at->second.path != theirs.path) {
        at->second = {instance, theirs.path, ++generations_};
    } else if (at->second.instance != instance) {
        at->second.instance = instance;
        at->second.path = theirs.path;
    }
    const std::uint64_t generation = at->second.generation;
    return {theirs.type, theirs.version,
            (generation == 0 ? hash : mix(hash + generation)) | mounted};
}

}  // namespace jetway::ninep
