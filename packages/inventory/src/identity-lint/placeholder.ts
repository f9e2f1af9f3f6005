import { folded } from "../field-names.ts";

/** What firmware says where nobody wrote a serial number, without spaces and punctuation. */
const NO_SERIALS = new Set([
  "asset",
  "baseboardserialnumber",
  "chassisserialnumber",
  "default",
  "defaultstring",
  "empty",
  "invalid",
  "na",
  "none",
  "notapplicable",
  "notavailable",
  "notspecified",
  "null",
  "oem",
  "serial",
  "serialnumber",
  "systemserialnumber",
  "tbd",
  "tobefilledbyoem",
  "unknown",
]);

/** UUIDs that makers of boards left in their firmware. */
const NO_UUIDS = new Set([
  "03000200040005000006000700080009",
  "00020003000400050006000700080009",
  "123456781234567890abcddeefaabbcc",
  "4c4c454400002010802080c04f202020",
]);

/** Whether a serial number is a word, or digits, that stand for none. */
export function isPlaceholderSerial(serial: string): boolean {
  const text = folded(serial).replaceAll(/[^a-z0-9]/g, "");
  return text === "" || NO_SERIALS.has(text) || /^0+$|^(.)\1{3,}$|^0?123456789/.test(text);
}

/** Whether a UUID is all the same digit or pair of digits, or one that many boards have. */
export function isPlaceholderUuid(uuid: string): boolean {
  const digits = uuid.replaceAll("-", "").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) return false;
  return NO_UUIDS.has(digits) || /^(..)\1*$/.test(digits);
}
