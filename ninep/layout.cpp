#include "ninep/layout.h"

namespace jetway::ninep {

namespace {

using M = Message;

const std::vector<Layout>& all_layouts() {
    static const std::vector<Layout> layouts = {
        {Type::tversion, "Tversion", In::both, {&M::msize, &M::version}},
        {Type::rversion, "Rversion", In::both, {&M::msize, &M::version}},
        {Type::tauth, "Tauth", In::both, {&M::afid, &M::uname, &M::aname, OnlyLinux{&M::n_uname}}},
        {Type::rauth, "Rauth", In::both, {&M::qid}},
        {Type::rerror, "Rerror", In::plain, {&M::ename}},
        {Type::rlerror, "Rlerror", In::linux, {&M::ecode}},
        {Type::tflush, "Tflush", In::both, {&M::oldtag}},
        {Type::rflush, "Rflush", In::both, {}},
        {Type::tattach,
         "Tattach",
         In::both,
         {&M::fid, &M::afid, &M::uname, &M::aname, OnlyLinux{&M::n_uname}}},
        {Type::rattach, "Rattach", In::both, {&M::qid}},
        {Type::twalk, "Twalk", In::both, {&M::fid, &M::newfid, &M::names}},
        {Type::rwalk, "Rwalk", In::both, {&M::qids}},
        {Type::topen, "Topen", In::plain, {&M::fid, &M::mode}},
        {Type::ropen, "Ropen", In::plain, {&M::qid, &M::iounit}},
        {Type::tcreate, "Tcreate", In::plain, {&M::fid, &M::name, &M::perm, &M::mode}},
        {Type::rcreate, "Rcreate", In::plain, {&M::qid, &M::iounit}},
        {Type::tread, "Tread", In::both, {&M::fid, &M::offset, &M::count}},
        {Type::rread, "Rread", In::both, {DataField{}}},
        {Type::twrite, "Twrite", In::both, {&M::fid, &M::offset, DataField{}}},
        {Type::rwrite, "Rwrite", In::both, {&M::count}},
        {Type::tclunk, "Tclunk", In::both, {&M::fid}},
        {Type::rclunk, "Rclunk", In::both, {}},
        {Type::tremove, "Tremove", In::both, {&M::fid}},
        {Type::rremove, "Rremove", In::both, {}},
        {Type::tstat, "Tstat", In::plain, {&M::fid}},
        {Type::rstat, "Rstat", In::plain, {SizedStat{}}},
        {Type::twstat, "Twstat", In::plain, {&M::fid, SizedStat{}}},
        {Type::rwstat, "Rwstat", In::plain, {}},
        {Type::tstatfs, "Tstatfs", In::linux, {&M::fid}},
        {Type::rstatfs, "Rstatfs", In::linux, {&M::file_system}},
        {Type::tlopen, "Tlopen", In::linux, {&M::fid, &M::flags}},
        {Type::rlopen, "Rlopen", In::linux, {&M::qid, &M::iounit}},
        {Type::tlcreate, "Tlcreate", In::linux, {&M::fid, &M::name, &M::flags, &M::perm, &M::gid}},
        {Type::rlcreate, "Rlcreate", In::linux, {&M::qid, &M::iounit}},
        {Type::tsymlink, "Tsymlink", In::linux, {&M::fid, &M::name, &M::name2, &M::gid}},
        {Type::rsymlink, "Rsymlink", In::linux, {&M::qid}},
        {Type::tmknod,
         "Tmknod",
         In::linux,
         {&M::fid, &M::name, &M::perm, &M::major, &M::minor, &M::gid}},
        {Type::rmknod, "Rmknod", In::linux, {&M::qid}},
        {Type::trename, "Trename", In::linux, {&M::fid, &M::newfid, &M::name}},
        {Type::rrename, "Rrename", In::linux, {}},
        {Type::treadlink, "Treadlink", In::linux, {&M::fid}},
        {Type::rreadlink, "Rreadlink", In::linux, {&M::name}},
        {Type::tgetattr, "Tgetattr", In::linux, {&M::fid, &M::mask}},
        {Type::rgetattr, "Rgetattr", In::linux, {&M::attributes}},
        {Type::tsetattr, "Tsetattr", In::linux, {&M::fid, &M::new_attributes}},
        {Type::rsetattr, "Rsetattr", In::linux, {}},
        {Type::txattrwalk, "Txattrwalk", In::linux, {&M::fid, &M::newfid, &M::name}},
        {Type::rxattrwalk, "Rxattrwalk", In::linux, {&M::size}},
        {Type::txattrcreate, "Txattrcreate", In::linux, {&M::fid, &M::name, &M::size, &M::flags}},
        {Type::rxattrcreate, "Rxattrcreate", In::linux, {}},
        {Type::treaddir, "Treaddir", In::linux, {&M::fid, &M::offset, &M::count}},
        {Type::rreaddir, "Rreaddir", In::linux, {DataField{}}},
        {Type::tfsync, "Tfsync", In::linux, {&M::fid, Perhaps{&M::datasync}}},
        {Type::rfsync, "Rfsync", In::linux, {}},
        {Type::tlock, "Tlock", In::linux, {&M::fid, &M::lock}},
        {Type::rlock, "Rlock", In::linux, {&M::status}},
        {Type::tgetlock, "Tgetlock", In::linux, {&M::fid, GetLock{}}},
        {Type::rgetlock, "Rgetlock", In::linux, {GetLock{}}},
        {Type::tlink, "Tlink", In::linux, {&M::fid, &M::newfid, &M::name}},
        {Type::rlink, "Rlink", In::linux, {}},
        {Type::tmkdir, "Tmkdir", In::linux, {&M::fid, &M::name, &M::perm, &M::gid}},
        {Type::rmkdir, "Rmkdir", In::linux, {&M::qid}},
        {Type::trenameat, "Trenameat", In::linux, {&M::fid, &M::name, &M::newfid, &M::name2}},
        {Type::rrenameat, "Rrenameat", In::linux, {}},
        {Type::tunlinkat, "Tunlinkat", In::linux, {&M::fid, &M::name, &M::flags}},
        {Type::runlinkat, "Runlinkat", In::linux, {}},
    };
    return layouts;
}

}  // namespace

const Layout* layout_of(Type type) {
    static const std::array<const Layout*, 256> by_type = [] {
        std::array<const Layout*, 256> index{};
        for (const Layout& layout : all_layouts()) {
            index[static_cast<std::size_t>(layout.type)] = &layout;
        }
        return index;
    }();
    return by_type[static_cast<std::size_t>(type)];
}

bool has(In in, Dialect dialect) {
    return in == In::both || (in == In::linux) == (dialect == Dialect::linux);
}

std::string type_name(Type type) {
    const Layout* layout = layout_of(type);
    return layout != nullptr ? layout->name
                             : "9P message " + std::to_string(static_cast<unsigned>(type));
}

bool known(Type type, Dialect dialect) {
    const Layout* layout = layout_of(type);
    return layout != nullptr && has(layout->in, dialect);
}

}  // namespace jetway::ninep
