// LongWalk: a walk of any number of names at an instance, in steps of 16 names at most: the first
// makes a fid, the others move it. A walk that ends on its way leaves no fid behind.
#pragma once

#include <memory>

#include "ninep/instance.h"

namespace jetway::ninep {

class LongWalk : public std::enable_shared_from_this<LongWalk> {
public:
    // From a fid that isn't open; no names: a clone of it. `instance` is borrowed.
    LongWalk(Instance& instance, Instance::Asked asked, Fid from, File::Names names,
             Instance::Then<Instance::Found> then);

    // Asks for the next names, and so on until the end, of which `then` is told.
    void step();

private:
    void take(Fid made, std::size_t count, const base::Result<const Message*>& answer);
    void fail(const base::Error& why);

    Instance& instance_;
    const Instance::Asked asked_;
    const Fid from_;
    const File::Names names_;
    const Instance::Then<Instance::Found> then_;
    Instance::Found found_;  // so far
};

}  // namespace jetway::ninep
