#include "sim/faults.h"

#include <algorithm>

namespace jetway::sim {

using std::chrono::milliseconds;

void Faults::end_after(base::Instant until, std::function<void()> end) {
    const auto room =
        static_cast<std::uint64_t>(std::max<std::int64_t>(1, (until - world_.now()).count()));
    // Most faults are short, some last.
    const std::uint64_t length = random_.below(4) == 0
                                     ? random_.below(room)
                                     : random_.below(std::min<std::uint64_t>(room, 1'500'000'000));
    world_.at(world_.now() + base::Duration(length), std::move(end));
}

void Faults::inject(Fault fault, base::Instant until) {
    ++happened_[static_cast<std::size_t>(fault)];
    switch (fault) {
        case Fault::cut: {
            const std::size_t link = any_link();
            world_.cut(link);
            end_after(until, [this, link] { world_.mend(link); });
            break;
        }
        case Fault::half_open: {
            const std::size_t link = any_link();
            const std::uint64_t which = random_.below(3);
            world_.stall(link, which != 0, which != 1);
            end_after(until, [this, link] { world_.mend(link); });
            break;
        }
        case Fault::reset:
            world_.reset(any_link(), random_.below(2) == 0);
            break;
        case Fault::crash:
            crash(until);
            break;
        case Fault::pause: {
            const HostId host = any_host();
            if (world_.runs(host)) {
                const auto most = static_cast<std::uint64_t>((until - world_.now()).count());
                world_.pause(
                    host,
                    base::Duration(random_.below(std::min<std::uint64_t>(most, 4'000'000'000))));
            }
            break;
        }
        case Fault::partition:
            partition(until);
            break;
        case Fault::slow: {
            if (!services_.empty()) {
                Service& service = *services_[random_.below(services_.size())];
                service.reading = false;
                end_after(until, [this, &service] { world_.resume_reading(service); });
            }
            break;
        }
        case Fault::flap: {
            if (!services_.empty()) {
                Service& service = *services_[random_.below(services_.size())];
                service.detach(world_);
                end_after(until, [this, &service] { service.attach(world_); });
            }
            break;
        }
        case Fault::twin:
            twin(until);
            break;
        case Fault::corrupt:
            world_.corrupt(any_link());
            break;
        case Fault::liar:
            liar(until);
            break;
    }
}

void Faults::crash(base::Instant until) {
    const HostId host = any_host();
    if (!world_.runs(host)) {
        return;
    }
    const std::uint64_t how = random_.below(4);
    if (how == 0) {
        world_.stop(host);
    } else {
        world_.crash(host, how == 1);
    }
    // A clock that went back gives the new life a smaller incarnation than the old one had.
    const bool back = random_.below(5) == 0;
    long_quiet_ = long_quiet_ || back;
    end_after(until, [this, host, back] {
        if (!world_.host(host).router) {
            const std::uint64_t last = world_.host(host).options.incarnation;
            world_.start(host,
                         back ? last - std::min<std::uint64_t>(last - 1, 1 + random_.below(1000))
                              : ++incarnation_);
        }
    });
}

void Faults::partition(base::Instant until) {
    std::vector<bool> side(world_.hosts());
    for (std::size_t i = 0; i < side.size(); ++i) {
        side[i] = random_.below(2) == 0;
    }
    const bool silent = random_.below(2) == 0;
    std::vector<std::size_t> between;
    for (std::size_t i = 0; i < world_.topology().links.size(); ++i) {
        const Link& link = world_.topology().links[i];
        if (side[link.a] != side[link.b]) {
            between.push_back(i);
            if (silent) {
                world_.stall(i, true, true);
            } else {
                world_.cut(i);
            }
        }
    }
    end_after(until, [this, between] {
        for (const std::size_t link : between) {
            world_.mend(link);
        }
    });
}

void Faults::twin(base::Instant until) {
    const HostId original = any_host();
    HostId at = any_host();
    if (twins_.size() >= 2 || !world_.host(original).router || at == original ||
        world_.host(at).name == world_.host(original).name) {
        return;
    }
    long_quiet_ = true;
    const HostId id = world_.add_twin(original, at);
    twins_.push_back(id);
    checker_.expect_nothing_of(world_.host(id).name);
    world_.start(id, ++incarnation_);
    end_after(until, [this, id] {
        if (world_.host(id).router) {
            world_.crash(id, false);
        }
    });
}

void Faults::liar(base::Instant until) {
    if (liars_.size() >= 2) {
        return;
    }
    std::vector<std::string> about;
    for (HostId host = 0; host < world_.hosts(); ++host) {
        about.push_back(world_.host(host).name);
    }
    long_quiet_ = true;
    liars_.push_back(std::make_unique<Liar>("liar-" + std::to_string(liars_.size()), any_host(),
                                            std::move(about), random_.next()));
    Liar& liar = *liars_.back();
    liar.begin(world_);
    end_after(until, [this, &liar] { liar.end(world_); });
}

void Faults::end_all() {
    for (std::size_t link = 0; link < world_.topology().links.size(); ++link) {
        world_.mend(link);
    }
    for (const auto& liar : liars_) {
        liar->end(world_);
    }
    for (const auto& service : services_) {
        world_.resume_reading(*service);
        service->attach(world_);
    }
    for (HostId host = 0; host < world_.hosts(); ++host) {
        const bool is_twin = std::find(twins_.begin(), twins_.end(), host) != twins_.end();
        if (is_twin && world_.host(host).router) {
            world_.crash(host, false);
        } else if (!is_twin && !world_.host(host).router) {
            world_.start(host, ++incarnation_);
        }
    }
    for (const HostId twin : twins_) {
        checker_.expect_again(world_.host(twin).name);
    }
}

}  // namespace jetway::sim
