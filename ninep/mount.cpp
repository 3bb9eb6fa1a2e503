#include "ninep/mount.h"

#include <algorithm>
#include <utility>

#include "balance/candidate.h"
#include "ninep/backend.h"
#include "ninep/mount_service.h"
#include "ninep/mounted_file.h"

namespace jetway::ninep {

std::uint64_t MountInstance::id() const {
    return balance::instance_id(address.is_local() ? machine : std::string(), address.text());
}

Mounts::Mounts(const MountOptions& options, base::Random random)
    : options_(options), random_(random) {}

Mounts::~Mounts() {
    for (const auto& [name, service] : services_) {
        service->gone = true;
    }
}

void Mounts::update(std::vector<MountService> services, base::Instant now) {
    now_ = now;
    std::map<std::string, std::shared_ptr<Service>, std::less<>> before =
        std::exchange(services_, {});
    for (MountService& fresh : services) {
        const auto known = before.find(fresh.name);
        std::shared_ptr<Service> service;
        if (known != before.end()) {
            service = std::move(known->second);
            before.erase(known);
            service->chooser.set_policy(fresh.policy);
        } else {
            service =
                std::make_shared<Service>(fresh.name, fresh.policy, base::Random(random_.next()));
        }
        std::vector<std::shared_ptr<Backend>> backends;
        for (MountInstance& instance : fresh.instances) {
            const std::uint64_t id = instance.id();
            const auto same = [id](const auto& backend) { return backend->id() == id; };
            if (std::any_of(backends.begin(), backends.end(), same)) {
                continue;  // registered at two machines
            }
            std::shared_ptr<Backend> backend = service->by_id(id);
            if (backend == nullptr) {
                backend = std::make_shared<Backend>(*this, fresh.name, std::move(instance), now);
            } else {
                backend->set(std::move(instance));
            }
            backends.push_back(std::move(backend));
        }
        for (const std::shared_ptr<Backend>& old : service->backends) {
            if (std::find(backends.begin(), backends.end(), old) == backends.end()) {
                old->leave();
                leaving_.push_back(old);
            }
        }
        service->backends = std::move(backends);
        services_.emplace(fresh.name, std::move(service));
    }
    for (const auto& [name, service] : before) {
        service->gone = true;
        for (const std::shared_ptr<Backend>& old : service->backends) {
            old->leave();
            leaving_.push_back(old);
        }
        service->backends.clear();
    }
}

std::shared_ptr<Mounts::Service> Mounts::find(std::string_view service) const {
    const auto at = services_.find(service);
    return at == services_.end() ? nullptr : at->second;
}

std::unique_ptr<File> Mounts::service_root(std::string_view service, const Attacher& attacher,
                                           Parent parent) {
    const std::shared_ptr<Service> found = find(service);
    if (found == nullptr) {
        return nullptr;
    }
    return MountedFile::root(*this, found, 0, attacher, std::move(parent));
}

std::unique_ptr<File> Mounts::instance_root(std::string_view service, std::string_view instance,
                                            const Attacher& attacher, Parent parent) {
    const std::shared_ptr<Service> found = find(service);
    if (found == nullptr) {
        return nullptr;
    }
    for (const std::shared_ptr<Backend>& backend : found->backends) {
        if (backend->what().name == instance) {
            return MountedFile::root(*this, found, backend->id(), attacher, std::move(parent));
        }
    }
    return nullptr;
}

Backend* Mounts::backend_of(LinkId link) {
    const auto at = links_.find(link);
    return at == links_.end() ? nullptr : at->second;
}

void Mounts::on_connected(LinkId link, base::Instant now) {
    now_ = now;
    if (Backend* backend = backend_of(link)) {
        backend->on_connected();
    }
}

void Mounts::on_connect_failed(LinkId link, const base::Error& why, base::Instant now) {
    now_ = now;
    if (Backend* backend = backend_of(link)) {
        report(base::Report::Level::debug, "9P instance not reached", *backend, why);
        backend->on_connect_failed(why);
    }
}

void Mounts::on_bytes(LinkId link, base::ByteView bytes, base::Instant now) {
    now_ = now;
    if (Backend* backend = backend_of(link)) {
        backend->on_bytes(bytes);
    }
}

void Mounts::on_closed(LinkId link, const base::Error& why, base::Instant now) {
    now_ = now;
    if (Backend* backend = backend_of(link)) {
        report(base::Report::Level::debug, "9P instance closed", *backend, why);
        backend->on_closed(why);
    }
}

void Mounts::on_deadline(base::Instant now) {
    now_ = now;
    for (const auto& [name, service] : services_) {
        for (const std::shared_ptr<Backend>& backend : service->backends) {
            if (backend->next_deadline() <= now) {
                backend->on_deadline();
            }
        }
    }
    for (const std::shared_ptr<Backend>& backend : leaving_) {
        if (backend->next_deadline() <= now) {
            backend->on_deadline();
        }
    }
}

base::Instant Mounts::next_deadline() const {
    base::Instant next = base::never;
    for (const auto& [name, service] : services_) {
        for (const std::shared_ptr<Backend>& backend : service->backends) {
            next = std::min(next, backend->next_deadline());
        }
    }
    for (const std::shared_ptr<Backend>& backend : leaving_) {
        next = std::min(next, backend->next_deadline());
    }
    return next;
}

void Mounts::end_turn(base::Instant now) {
    now_ = now;
    for (const auto& [name, service] : services_) {
        for (const std::shared_ptr<Backend>& backend : service->backends) {
            backend->end_turn();
        }
    }
    for (std::size_t i = 0; i < leaving_.size(); ++i) {
        leaving_[i]->end_turn();
        if (leaving_[i]->done()) {
            leaving_[i]->close();
            leaving_[i]->end_turn();
        }
    }
    leaving_.erase(std::remove_if(leaving_.begin(), leaving_.end(),
                                  [](const auto& backend) { return backend->done(); }),
                   leaving_.end());
}

Mounts::Effects Mounts::take_effects() {
    return std::exchange(effects_, {});
}

base::Bytes Mounts::take_output(LinkId link) {
    Backend* backend = backend_of(link);
    return backend == nullptr ? base::Bytes() : backend->take_output();
}

void Mounts::report(base::Report::Level level, std::string event, const Backend& backend,
                    const base::Error& why) {
    base::Report report{level, std::move(event), {}};
    report.fields = {{"service", backend.service()},
                     {"instance", backend.what().name},
                     {"address", backend.what().address.text()}};
    if (!why.code.empty()) {
        report.fields.emplace_back("code", why.code);
        report.fields.emplace_back("why", why.detail);
    }
    effects_.reports.push_back(std::move(report));
}

std::string Mounts::statistics() const {
    std::string text;
    for (const auto& [name, service] : services_) {
        for (const std::shared_ptr<Backend>& backend : service->backends) {
            const Instance* instance = backend->instance();
            const char* dialect = instance == nullptr                     ? "-"
                                  : instance->dialect() == Dialect::linux ? "9P2000.L"
                                                                          : "9P2000";
            const std::size_t requests =
                instance == nullptr ? 0 : instance->exchange().unanswered();
            text += name + " " + backend->what().name + " " + backend->what().address.text() + " " +
                    (backend->usable() ? "up " : "out ") + dialect + " requests " +
                    std::to_string(requests) + " files " + std::to_string(backend->files()) + "\n";
        }
    }
    return text;
}

}  // namespace jetway::ninep
