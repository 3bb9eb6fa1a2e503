#include "config/yaml.h"

#include <doctest/doctest.h>

namespace jetway::config {

namespace {

struct Read {
    std::optional<YamlNode> root;
    std::vector<Problem> problems;
};

Read read(std::string_view text) {
    Problems problems;
    Read result;
    result.root = parse_yaml(text, problems);
    result.problems = problems.take();
    return result;
}

std::string first_problem(const Read& result) {
    return result.problems.empty() ? "" : format(result.problems.front(), "f");
}

}  // namespace

TEST_SUITE("config.yaml") {
    TEST_CASE("every value and key knows where it stands") {
        const Read result = read("a: 1\nlist:\n  - x\n  - {k: v}\nnone:\n");
        REQUIRE(result.problems.empty());
        const YamlNode& root = *result.root;
        CHECK(root.kind == YamlNode::Kind::map);
        CHECK(root.find("a")->place == Place{1, 4});
        CHECK(root.place_of("list") == Place{2, 1});
        const YamlNode& list = *root.find("list");
        REQUIRE(list.items.size() == 2);
        CHECK(list.items[0].text == "x");
        CHECK(list.items[0].place == Place{3, 5});
        CHECK(list.items[1].find("k")->place == Place{4, 9});
        CHECK(root.find("none")->kind == YamlNode::Kind::null);
        CHECK(root.find("none")->place == Place{5, 1});
        CHECK(root.find("absent") == nullptr);
    }

    TEST_CASE("an empty text is nothing, and no problem") {
        for (const char* text : {"", "\n\n", "# only a comment\n", "---\n"}) {
            CAPTURE(text);
            const Read result = read(text);
            REQUIRE(result.root);
            CHECK(result.root->kind == YamlNode::Kind::null);
            CHECK(result.problems.empty());
        }
    }

    TEST_CASE("a key that stands twice is a problem for each time too many, and the first counts") {
        const Read result = read("a: 1\nb: 2\na: 3\nc: {x: 1, x: 2}\na: 4\n");
        REQUIRE(result.root);
        CHECK(result.root->find("a")->text == "1");
        REQUIRE(result.problems.size() == 3);
        CHECK(first_problem(result) ==
              "f:3:1: the key `a` stands here a second time: the first is on line 1");
        CHECK(result.problems[1].line == 4);
        CHECK(result.problems[2].line == 5);
    }

    TEST_CASE("an alias is a copy that stands where the alias stands") {
        const Read result = read("a: &x {k: [1, 2]}\nb: *x\n");
        REQUIRE(result.root);
        const YamlNode& copy = *result.root->find("b");
        CHECK(copy.place == Place{2, 4});
        CHECK(copy.find("k")->items.size() == 2);
    }

    TEST_CASE("what is not YAML is a problem with its place, never an exception") {
        struct Case {
            std::string text;
            const char* says;
        };
        const Case cases[] = {
            {"a: [1, 2\nb: 3\n", "f:2:"},
            {"a: b: c\n", "f:1:"},
            {"a: 'open", "illegal EOF in scalar"},
            {"a: 'open\n", "illegal EOF in scalar"},
            {"a: \"open\nb: 2\n\n  \n", "illegal EOF in scalar"},
            {"\tx: 1\n", "not valid YAML"},
            {"a: *nobody\n", "f:1:4: not valid YAML"},
            {"a: 1\n---\nb: 2\n", "a second one starts"},
            {"a: &x [1, *x]\n", "not valid YAML"},
            {std::string("a: 1\nb\0c: 2\n", 12), "f:2:2: a control character"},
            {"a: 1\n\x04 b: 2\n", "f:2:1: a control character"},
            {"? [a]\n: 1\n", "expected a name as the key"},
        };
        for (const Case& c : cases) {
            CAPTURE(c.text);
            const Read result = read(c.text);
            REQUIRE_FALSE(result.problems.empty());
            CHECK_MESSAGE(first_problem(result).find(c.says) != std::string::npos,
                          first_problem(result));
        }
    }

    TEST_CASE("depth, size and aliases are bounded") {
        CHECK(first_problem(read("a: " + std::string(10'000, '['))).find("deeper than 32") !=
              std::string::npos);
        CHECK(first_problem(read("a: " + std::string(10'000, '{'))).find("deeper than 32") !=
              std::string::npos);
        std::string dashes;
        for (int i = 0; i < 10'000; ++i) {
            dashes += "- ";
        }
        CHECK(first_problem(read(dashes)).find("deeper than 32") != std::string::npos);
        CHECK(first_problem(read(std::string(max_yaml_bytes + 1, ' '))).find("larger than") !=
              std::string::npos);
        std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
        for (int i = 1; i < 20; ++i) {
            const std::string last = "*a" + std::to_string(i - 1);
            bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
            for (int j = 0; j < 10; ++j) {
                bomb += (j == 0 ? "" : ", ") + last;
            }
            bomb += "]\n";
        }
        CHECK(first_problem(read(bomb)).find("aliases included") != std::string::npos);
    }

    TEST_CASE("a text cut short at any byte never throws") {
        const std::string text =
            "a: &x {k: [1, 'two', \"th\\nree\"]}\nb: *x\nc: |\n  block\n  text\n? d\n: !!str e\n";
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            const Read result = read(std::string_view(text).substr(0, cut));
            CHECK((result.root || !result.problems.empty()));
        }
    }
}

}  // namespace jetway::config
