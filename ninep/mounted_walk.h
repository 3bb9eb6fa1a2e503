// Stroll: one walk of a client below a 9P service. Names are walked at the instance; `..` is taken
// here, of the path that is known, since of many servers' answers to it few are right; above the
// service's root the walk goes on in the parent.
#pragma once

#include <memory>
#include <vector>

#include "ninep/mounted_file.h"

namespace jetway::ninep {

class Stroll : public std::enable_shared_from_this<Stroll> {
public:
    Stroll(std::shared_ptr<Place> from, File::Names names, Reply<Walked> reply);

    void go();

private:
    void take(const std::shared_ptr<Place>& to, const base::Result<Done>& bound);
    void go_up();
    void move(std::shared_ptr<Place> to);
    void fail(const base::Error& why);
    void answer(std::unique_ptr<File> file);

    const std::shared_ptr<Place> start_;
    std::shared_ptr<Place> at_;
    const File::Names names_;
    std::size_t next_ = 0;  // of names_
    std::vector<Qid> qids_;
    Reply<Walked> reply_;
};

// A rename at an instance of .L, which names the directory; and whatever else is changed.
Instance::Asked rename_in_linux(const std::shared_ptr<Place>& place, Fid fid,
                                const Changes& changes, const Instance::Then<Done>& then);

}  // namespace jetway::ninep
