// Mesh: the /svc tree of a made-up router, whose services and answers the test says; and
// TreeClient: a Speaker over it.
#pragma once

#include "envelope/packer.h"
#include "ninep/errors.h"
#include "ninep/tree.h"
#include "tests/ninep/speaker.h"

namespace jetway::tests {

class Mesh {
public:
    Mesh() { tree.set_now(now); }

    // What a service was sent, and the way to answer it.
    struct Sent {
        std::string destination;
        std::string data;  // msgpack
        std::string headers;
        std::string reply_to;
        base::Bytes id;  // empty: no answer is wanted
    };

    static ninep::InstanceView instance(std::string machine, std::uint64_t number) {
        ninep::InstanceView view;
        view.machine = std::move(machine);
        view.number = number;
        return view;
    }
    void serve(const std::string& name, std::string machine = "a") {
        ninep::ServiceView view;
        view.name = name;
        view.instances.push_back(instance(std::move(machine), 1));
        services.push_back(view);
        std::sort(services.begin(), services.end(),
                  [](const auto& x, const auto& y) { return x.name < y.name; });
        tree.on_services();
    }
    void end(std::string_view name) {
        std::erase_if(services, [name](const auto& view) { return view.name == name; });
        tree.on_services();
    }

    // Data as msgpack.
    void answer(const Sent& to, const base::Bytes& data) {
        envelope::EnvelopeView view;
        view.in_reply_to = to.id;
        view.data = data;
        asks.on_envelope(view);
    }
    void answer_text(const Sent& to, std::string_view text) {
        base::Bytes data;
        envelope::Packer(data).text(text);
        answer(to, data);
    }
    void refuse(const Sent& to, std::string_view code, std::string_view message) {
        base::Bytes map;
        envelope::Packer packer(map);
        packer.map(2);
        packer.text("code").text(code).text("message").text(message);
        envelope::EnvelopeView view;
        view.in_reply_to = to.id;
        view.error = map;
        asks.on_envelope(view);
    }
    void pass(base::Duration time) {
        now += time;
        tree.set_now(now);
        asks.on_deadline(now);
    }

    std::vector<ninep::ServiceView> services;
    std::vector<Sent> sent;
    std::vector<std::string> commands;  // names of those that were done
    std::vector<std::string> asked;     // control requests that only read
    std::string refuses;                // a command that is refused
    base::Instant now{std::chrono::seconds(1'000)};
    ninep::Asks asks{[this](const envelope::EnvelopeFields& fields) -> base::Result<void> {
        sent.push_back({std::string(fields.destination), std::string(base::as_text(fields.data)),
                        std::string(base::as_text(fields.headers)), std::string(fields.reply_to),
                        base::Bytes(fields.id.begin(), fields.id.end())});
        return {};
    }};
    ninep::Tree tree{outside(), asks, nullptr};

private:
    ninep::Outside outside() {
        using Json = nlohmann::ordered_json;
        ninep::Outside outside;
        outside.ask = [this](const router::ControlRequest& request,
                             const router::Arrival& /*who*/) -> base::Result<Json> {
            asked.push_back(request.name);
            if (request.name == "explain") {
                const std::string to = request.texts.at("destination");
                if (to == "nobody") {
                    return base::Error{"bad-envelope", "no such destination: nobody"};
                }
                return Json{{"destination", to}, {"decision", "a.1"}};
            }
            if (request.name == "policy") {
                Json rows = Json::array();
                for (const ninep::ServiceView& view : services) {
                    if (request.texts.empty() || request.texts.at("service") == view.name) {
                        rows.push_back(
                            {{"name", view.name}, {"policy", "nearest"}, {"revision", 1U}});
                    }
                }
                return Json{{"services", rows}};
            }
            return Json{{"schema", 1}, {request.name, Json::array({Json{{"name", "x"}}})}};
        };
        outside.command = [this](const std::vector<router::ControlRequest>& requests,
                                 const router::Arrival& /*who*/) -> base::Result<void> {
            for (const router::ControlRequest& request : requests) {
                if (request.name == refuses) {
                    return base::Error{"bad-envelope", request.name + ": not today"};
                }
            }
            for (const router::ControlRequest& request : requests) {
                commands.push_back(request.name);
            }
            return {};
        };
        outside.services = [this]() -> const std::vector<ninep::ServiceView>& { return services; };
        outside.started = 1'700'000'000;
        outside.machine = "a";
        return outside;
    }
};

class TreeClient : public Speaker {
public:
    TreeClient(Mesh& of, Dialect speaks, bool may_change = true) : Speaker(speaks), mesh(of) {
        who->may_change = may_change;
        session = std::make_unique<ninep::Session>(
            ninep::SessionLimits{},
            [this](const ninep::Attacher& attacher) { return mesh.tree.attach(who, attacher); },
            counters);
        ask(version());
        CHECK(ask(attach(0, 0)).substr(8, 2) == "69");
    }
    ~TreeClient() {
        session.reset();
        CHECK(who->kept == 0);
    }
    TreeClient(const TreeClient&) = delete;
    TreeClient& operator=(const TreeClient&) = delete;

    // `fid` becomes that file, open. False: it was refused.
    bool can_open(unsigned fid, std::initializer_list<std::string_view> path,
                  std::uint32_t mode = 0) {
        const std::string walked = raw(walk(900, 0, fid, path));
        REQUIRE(walked.size() == 9 + 13 * path.size());
        const std::string answer = raw(open(900, fid, mode));
        REQUIRE(answer.size() > 4);
        return static_cast<std::uint8_t>(answer[4]) == (linux() ? 13 : 113);
    }
    void go(unsigned fid, std::initializer_list<std::string_view> path, std::uint32_t mode = 0) {
        REQUIRE(can_open(fid, path, mode));
    }
    bool exists(std::initializer_list<std::string_view> path) {
        const std::string walked = raw(walk(900, 0, 900, path));
        raw(clunk(900, 900));
        return walked.size() == 9 + 13 * path.size();
    }
    // All of a text file.
    std::string text(std::initializer_list<std::string_view> path) {
        go(901, path);
        std::string all;
        for (std::string part = "x"; !part.empty(); all += part) {
            part = raw(read(900, 901, all.size(), 1'000)).substr(11);
        }
        raw(clunk(900, 901));
        return all;
    }
    std::string written(unsigned tag, std::size_t size) { return line(119, tag, u32(size)); }
    // The names in a directory that is open.
    std::vector<std::string> names(unsigned fid) {
        std::vector<std::string> names;
        std::uint64_t offset = 0;
        while (true) {
            const std::string answer = raw(linux() ? wire(40, 900, u32(fid), u64(offset), u32(500))
                                                   : read(900, fid, offset, 500));
            const std::string data = answer.substr(11);
            if (data.empty()) {
                return names;
            }
            base::ByteView left = base::as_bytes(data);
            while (!left.empty()) {
                if (linux()) {
                    ninep::LinuxEntry entry;
                    REQUIRE(ninep::take_entry(left, entry));
                    names.emplace_back(entry.name);
                    offset = entry.offset;
                } else {
                    ninep::Stat stat;
                    REQUIRE(ninep::take_stat(left, stat));
                    names.emplace_back(stat.name);
                }
            }
            offset = linux() ? offset : offset + data.size();
        }
    }

    Mesh& mesh;
    std::shared_ptr<ninep::Client> who = std::make_shared<ninep::Client>();
};

}  // namespace jetway::tests
