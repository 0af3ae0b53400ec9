// The tabs whose script comes after the page's own.
export { KvTab } from "@/features/kv/KvTab";
export { MembersTab } from "@/features/members/MembersTab";
