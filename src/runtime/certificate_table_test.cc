#include "runtime/certificate_table.h"

#include <gtest/gtest.h>

#include "runtime/snapshot.h"

namespace silverback::runtime {
namespace {

class CertificateTableTest : public testing::Test {
 protected:
  void AddCertificate(const std::string& id) {
    certificates_.rows[id] = std::make_shared<const Json>(Json{{"id", id}});
  }
  void AddName(const std::string& name, const std::string& certificate) {
    names_.rows[name] =
        std::make_shared<const Json>(Json{{"name", name}, {"certificate", {{"id", certificate}}}});
  }
  std::string IdFor(std::string_view name) {
    table_ = CertificateTable::Build(certificates_, names_, table_.get());
    const CertificateEntry* entry = table_->ForName(name);
    return entry ? StringMember(*entry->row, "id") : "none";
  }

  EntityTable certificates_, names_;
  std::shared_ptr<const CertificateTable> table_;
};

TEST_F(CertificateTableTest, PrefersExactNamesThenLeadingThenTrailingWildcards) {
  for (const char* id : {"exact", "leading", "trailing", "all"}) AddCertificate(id);
  AddName("a.wild.test", "exact");
  AddName("*.wild.test", "leading");
  AddName("b.wild.*", "trailing");
  EXPECT_EQ(IdFor("a.wild.test"), "exact");
  EXPECT_EQ(IdFor("b.wild.test"), "leading");
  EXPECT_EQ(IdFor("b.wild.org"), "trailing");
  EXPECT_EQ(IdFor("x.y.wild.test"), "none");
  EXPECT_EQ(IdFor("wild.test"), "none");
  EXPECT_EQ(IdFor("A.wild.test"), "leading");
  EXPECT_EQ(IdFor("other"), "none");
  AddName("*", "all");
  EXPECT_EQ(IdFor("other"), "all");
  EXPECT_EQ(IdFor(""), "all");
}

TEST_F(CertificateTableTest, HandsOnWhatIsAttachedToUnchangedRows) {
  AddCertificate("one");
  AddCertificate("two");
  AddName("one.test", "one");
  AddName("two.test", "two");
  EXPECT_EQ(IdFor("one.test"), "one");
  EXPECT_EQ(table_->added().size(), 2u);
  const auto attached = std::make_shared<int>(1);
  table_->ForName("one.test")->decoded = attached;
  table_->ForName("two.test")->decoded = attached;
  AddCertificate("two");  // another row
  EXPECT_EQ(IdFor("two.test"), "two");
  EXPECT_EQ(table_->added().size(), 1u);
  EXPECT_EQ(table_->ForName("one.test")->decoded, attached);
  EXPECT_EQ(table_->ForName("two.test")->decoded, nullptr);
}

TEST_F(CertificateTableTest, LeavesOutNamesWithoutACertificate) {
  AddName("lost.test", "gone");
  EXPECT_EQ(IdFor("lost.test"), "none");
  EXPECT_EQ(table_->ById("gone"), nullptr);
}

}  // namespace
}  // namespace silverback::runtime
