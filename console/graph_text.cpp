#include "console/graph_text.h"

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "console/fields.h"
#include "console/format.h"
#include "console/text.h"

namespace jetway::console {

namespace {

struct Edge {
    std::string from;  // machines
    std::string to;
    std::string label;
    bool link = false;  // of the router itself; else a way that it has learned
    bool good = true;   // a link that is up, a way that is selected
};

struct Box {
    std::string machine;
    std::vector<std::string> services;  // "gpu-server", "pty-server (detached)"
    bool reachable = false;
};

struct Picture {
    std::string self;
    std::vector<Box> boxes;
    std::vector<Edge> edges;
    std::map<std::string, std::size_t> numbers;  // of the machines' boxes

    // Boxes go by number: an id needs no escaping then.
    std::string id(const std::string& machine) const {
        return "m" + std::to_string(numbers.at(machine));
    }
    Box& box(const std::string& machine) {
        const auto [at, fresh] = numbers.try_emplace(machine, boxes.size());
        if (fresh) {
            boxes.push_back({machine, {}, false});
        }
        return boxes[at->second];
    }
};

std::string service_text(const envelope::Json& service) {
    const std::string health = text_at(service, "health");
    const std::uint64_t up = number_at(service, "up");
    return text_at(service, "name") + (health != "up" ? " (" + health + ")"
                                       : up > 1       ? " ×" + std::to_string(up)
                                                      : std::string());
}

std::string way_text(const envelope::Json& way) {
    const std::string state = text_at(way, "state");
    return (state == "selected" ? "way: " : state + " way: ") +
           format_plural(number_at(way, "hops"), "hop") + ", cost " + text_at(way, "cost");
}

Picture read_picture(const envelope::Json& answer) {
    Picture picture;
    picture.self = text_at(answer, "machineId");
    picture.box(picture.self).reachable = true;
    for (const envelope::Json& machine : list_at(answer, "machines")) {
        Box& box = picture.box(text_at(machine, "machineId"));
        box.reachable = box.reachable || flag_at(machine, "reachable");
        for (const envelope::Json& service : list_at(machine, "services")) {
            box.services.push_back(service_text(service));
        }
    }
    for (const envelope::Json& link : list_at(answer, "links")) {
        const std::string machine = text_at(link, "machineId");
        const bool up = text_at(link, "state") == "up";
        picture.box(machine);
        picture.edges.push_back(
            {picture.self, machine,
             std::string(up ? "link" : "link down") + ", cost " + text_at(link, "cost"), true, up});
    }
    for (const envelope::Json& way : list_at(answer, "ways")) {
        const std::string machine = text_at(way, "machineId");
        const std::string neighbour = text_at(way, "neighbour");
        if (machine != neighbour) {  // else it is the link itself
            picture.box(machine);
            picture.box(neighbour);
            picture.edges.push_back(
                {neighbour, machine, way_text(way), false, text_at(way, "state") == "selected"});
        }
    }
    return picture;
}

// Within "…" of dot.
std::string dot_text(const std::string& text) {
    std::string escaped;
    for (const char c : printable(text)) {
        escaped += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return escaped;
}

}  // namespace

std::string mermaid_text(const std::string& text) {
    std::string escaped;
    for (const char c : printable(text)) {
        const bool plain = static_cast<unsigned char>(c) >= 0x80 ||
                           std::string_view(" ,.:()_-").find(c) != std::string_view::npos ||
                           (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                           (c >= 'a' && c <= 'z');
        escaped +=
            plain
                ? std::string(1, c)
                : "#" + std::to_string(static_cast<unsigned>(static_cast<unsigned char>(c))) + ";";
    }
    return escaped;
}

std::string graph_mermaid(const envelope::Json& answer) {
    const Picture picture = read_picture(answer);
    std::string text = "flowchart LR\n    %% The mesh as the router of " +
                       mermaid_text(picture.self) +
                       " sees it.\n    %% Lines are its own links. Dotted arrows are ways that a "
                       "neighbour announced, and no links.\n";
    for (const Box& box : picture.boxes) {
        std::string label = mermaid_text(box.machine);
        for (const std::string& service : box.services) {
            label += "<br/>" + mermaid_text(service);
        }
        text += "    " + picture.id(box.machine) + "[\"" + label + "\"]" +
                (box.machine == picture.self ? ":::self"
                 : box.reachable             ? ""
                                             : ":::unreachable") +
                "\n";
    }
    for (const Edge& edge : picture.edges) {
        const char* arrow = !edge.link ? " -.->|\"" : edge.good ? " ---|\"" : " x--x|\"";
        text += "    " + picture.id(edge.from) + arrow + mermaid_text(edge.label) + "\"| " +
                picture.id(edge.to) + "\n";
    }
    return text +
           "    classDef self stroke-width:3px\n"
           "    classDef unreachable stroke-dasharray:4 4\n";
}

std::string graph_dot(const envelope::Json& answer) {
    const Picture picture = read_picture(answer);
    std::string text =
        "// The mesh as one router sees it. Lines are its own links. Dashed arrows are ways that "
        "a\n"
        "// neighbour announced, and no links.\n"
        "digraph jetway {\n    label=\"the mesh as " +
        dot_text(picture.self) +
        " sees it; dashed: learned ways, not links\"\n    rankdir=LR\n    node [shape=box]\n";
    for (const Box& box : picture.boxes) {
        std::string label = dot_text(box.machine);
        for (const std::string& service : box.services) {
            label += "\\n" + dot_text(service);
        }
        text += "    " + picture.id(box.machine) + " [label=\"" + label + "\"" +
                (box.machine == picture.self ? ", penwidth=3"
                 : box.reachable             ? ""
                                             : ", style=dashed") +
                "]\n";
    }
    for (const Edge& edge : picture.edges) {
        const char* how = !edge.link  ? (edge.good ? "style=dashed" : "style=dotted")
                          : edge.good ? "dir=none"
                                      : "dir=none, color=red";
        text += "    " + picture.id(edge.from) + " -> " + picture.id(edge.to) + " [" + how +
                ", label=\"" + dot_text(edge.label) + "\"]\n";
    }
    return text + "}\n";
}

}  // namespace jetway::console
