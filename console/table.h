// Table: aligned columns under upper-case headings, for a person. Cells are made printable here, so
// that whatever a peer named itself does no harm.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace jetway::console {

// What a cell means, which a terminal shows as a colour.
enum class Tone { plain, good, bad, faint };

struct Cell {
    Cell(std::string content, Tone meaning = Tone::plain)
        : text(std::move(content)), tone(meaning) {}
    Cell(const char* content) : text(content) {}

    std::string text;
    Tone tone = Tone::plain;
};

struct Column {
    Column(const char* name, bool to_the_right = false) : heading(name), right(to_the_right) {}

    std::string heading;
    bool right = false;  // numbers stand at the right
};

class Table {
public:
    explicit Table(std::vector<Column> columns);

    // A row of as many cells as there are columns. An empty cell shows as `-`.
    void add(std::vector<Cell> cells);

    bool empty() const { return rows_.empty(); }

    // Every line ends in a newline and has no blanks before it.
    std::string text(bool colour) const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

// `text` in the colour of `tone`, or as it is.
std::string paint(std::string_view text, Tone tone, bool colour);

}  // namespace jetway::console
