#include "ninep/translate.h"

#include <doctest/doctest.h>

namespace jetway::ninep {

TEST_SUITE("ninep.translate") {
    TEST_CASE("the modes of 9P2000 and of Linux say the same of files and directories") {
        CHECK(plain_mode(0100644) == 0644);
        CHECK(plain_mode(0040755) == (dm_dir | 0755));
        CHECK(linux_mode(0644) == 0100644);
        CHECK(linux_mode(dm_dir | 0755) == 0040755);
        for (const std::uint32_t mode : {0100644U, 0040555U}) {
            CHECK(linux_mode(plain_mode(mode)) == mode);
        }
    }

    TEST_CASE("every way to open that 9P2000 has is read and written as it is, but for OCEXEC") {
        for (unsigned bits = 0; bits < 256; ++bits) {
            const auto mode = read_open(static_cast<std::uint8_t>(bits));
            CHECK(mode.has_value() == ((bits & ~0x73U) == 0));
            if (mode) {
                CHECK(plain_open(*mode) == (bits & ~0x20U));
            }
        }
    }

    TEST_CASE("O_RDONLY, O_WRONLY and O_RDWR with O_TRUNC and O_APPEND go to .L and back") {
        for (const std::uint32_t flags : {0U, 1U, 2U, 01001U, 02001U, 03002U}) {
            const auto mode = read_linux_open(flags);
            REQUIRE(mode);
            CHECK(linux_open(*mode) == flags);
        }
        CHECK_FALSE(read_linux_open(3));
    }

    TEST_CASE("OEXEC reads at a server of .L") {
        CHECK(linux_open(*read_open(3)) == 0);
    }

    TEST_CASE("a stat says the same when it went by way of the neutral words") {
        Stat stat;
        stat.qid = {qid_type::directory, 3, 4};
        stat.mode = dm_dir | 0555;
        stat.atime = 5;
        stat.mtime = 6;
        stat.name = "web";
        stat.uid = "glenda";
        stat.gid = "7";
        const About about = from_stat(stat);
        const Stat back = to_stat(about);
        CHECK(back.qid == stat.qid);
        CHECK(back.mode == stat.mode);
        CHECK(back.atime == 5);
        CHECK(back.mtime == 6);
        CHECK(back.name == "web");
        CHECK(back.uid == "glenda");
        CHECK(about.n_uid == nobody);  // a name has no number here
        CHECK(about.n_gid == 7);
        CHECK(to_attributes(about).gid == 7);
    }

    TEST_CASE("a directory's length is 0 in 9P2000, whatever Linux says") {
        Attributes attributes;
        attributes.qid = {qid_type::directory, 0, 1};
        attributes.mode = 0040755;
        attributes.size = 4096;
        CHECK(to_stat(from_attributes(attributes, "dir")).length == 0);
        CHECK(from_attributes(attributes, "dir").uid == "root");
    }

    TEST_CASE("a wstat that touches nothing stays so, and one that may not be is EPERM") {
        const Stat nothing = to_wstat(Changes{});
        REQUIRE(read_wstat(nothing));
        CHECK(read_wstat(nothing)->nothing());
        CHECK(to_setattr(Changes{}).valid == 0);
        for (int which = 0; which < 5; ++which) {
            Stat stat = nothing;
            stat.type = which == 0 ? 0 : stat.type;
            stat.dev = which == 1 ? 0 : stat.dev;
            stat.muid = which == 2 ? "me" : "";
            stat.qid.path = which == 3 ? 1 : stat.qid.path;
            stat.uid = which == 4 ? "me" : "";
            REQUIRE_FALSE(read_wstat(stat));
            CHECK(read_wstat(stat).error().code == "EPERM");
        }
    }

    TEST_CASE("a directory whose permissions change stays one at a server of 9P2000") {
        Changes changes;
        changes.mode_set = true;
        changes.mode = 0700;
        CHECK(to_wstat(changes).mode == 0700);
        changes.directory = true;
        CHECK(to_wstat(changes).mode == (dm_dir | 0700));
        CHECK(to_setattr(changes).mode == 0700);
    }

    TEST_CASE("what setattr changes is what wstat changes, but for what 9P2000 can't say") {
        NewAttributes fresh;
        fresh.valid = 0x1ff;  // all
        fresh.mode = 0100600;
        fresh.uid = 1;
        fresh.gid = 2;
        fresh.size = 3;
        fresh.atime = {4, 5};
        fresh.mtime = {6, 7};
        const Changes changes = read_setattr(fresh);  // what the stat's views point into
        const Stat stat = to_wstat(changes);
        CHECK(stat.mode == 0600);
        CHECK(stat.gid == "2");
        CHECK(stat.uid.empty());
        CHECK(stat.length == 3);
        CHECK(stat.atime == 4);
        CHECK(stat.mtime == 6);
        fresh.valid = 0x30;  // to the server's time
        CHECK(to_wstat(read_setattr(fresh)).mtime == 0xffff'ffff);
        CHECK(to_setattr(read_setattr(fresh)).valid == 0x30);
    }
}

}  // namespace jetway::ninep
