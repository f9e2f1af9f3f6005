import { describe, expect, it } from "vitest";
import { isPlaceholderSerial, isPlaceholderUuid } from "./placeholder.ts";
import { unroutableRange } from "./suspicious-address.ts";
import { macTrouble } from "./suspicious-mac.ts";
import { isDefaultName, isNameOfAddress } from "./suspicious-name.ts";

describe("isPlaceholderSerial", () => {
  it.for([
    "To be filled by O.E.M.",
    "System Serial Number",
    "Default string",
    "None",
    "N/A",
    "Not Specified",
    "0",
    "00000000",
    "XXXXXXXXXX",
    "123456789",
    "0123456789",
    "........",
    " ",
  ])("takes %j for none", (serial) => {
    expect(isPlaceholderSerial(serial)).toBe(true);
  });

  it.for(["5CD1234XYZ", "VMware-56 4d 1f 3e", "C02XL0GTJGH5", "12", "S1", "0001A"])(
    "takes %j for one",
    (serial) => {
      expect(isPlaceholderSerial(serial)).toBe(false);
    },
  );
});

describe("isPlaceholderUuid", () => {
  it.for([
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "fefefefe-fefe-fefe-fefe-fefefefefefe",
    "03000200-0400-0500-0006-000700080009",
    "4C4C4544-0000-2010-8020-80C04F202020",
  ])("takes %s for one that many boards have", (uuid) => {
    expect(isPlaceholderUuid(uuid)).toBe(true);
  });

  it.for(["4c4c4544-0051-3410-8057-b7c04f4d3732", "00000000-0000-0000-0000-ac1f6b001122", "none"])(
    "takes %s for a machine's own, or for none at all",
    (uuid) => {
      expect(isPlaceholderUuid(uuid)).toBe(false);
    },
  );
});

describe("macTrouble", () => {
  it.for([
    ["00:50:56:81:01:E3", "virtual-mac", "VMware"],
    ["000c.2981.01e3", "virtual-mac", "VMware"],
    ["08-00-27-81-01-e3", "virtual-mac", "VirtualBox"],
    ["00:15:5D:81:01:E3", "virtual-mac", "Hyper-V"],
    ["52:54:00:81:01:E3", "virtual-mac", "QEMU or KVM"],
    ["00:16:3E:81:01:E3", "virtual-mac", "Xen"],
    ["02:42:AC:11:00:02", "virtual-mac", "Docker"],
    ["00:00:00:00:00:00", "null-mac", "all zeros"],
    ["ff:ff:ff:ff:ff:ff", "null-mac", "the broadcast address"],
    ["01:00:5E:00:00:FB", "null-mac", "a group's address"],
    ["DA:A1:19:7B:33:02", "random-mac", "locally administered"],
  ] as const)("%s is %s: %s", ([mac, code, what]) => {
    expect(macTrouble(mac)).toEqual({ code, what });
  });

  it("has nothing against an address of a maker of hardware", () => {
    expect(macTrouble("E4:CE:8F:49:0D:7C")).toBeNull();
    expect(macTrouble("00:1A:2B:3C:4D:5E")).toBeNull();
  });
});

describe("unroutableRange", () => {
  it.for([
    ["0.0.0.0", "unspecified"],
    ["127.0.0.1", "loopback"],
    ["169.254.3.4", "link-local"],
    ["192.0.2.1", "documentation"],
    ["198.51.100.255", "documentation"],
    ["203.0.113.7", "documentation"],
    ["198.19.255.1", "benchmarking"],
    ["224.0.0.251", "multicast"],
    ["255.255.255.255", "reserved"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["fe80::1", "link-local"],
    ["FEBF::1", "link-local"],
    ["ff02::fb", "multicast"],
    ["2001:db8::1", "documentation"],
  ] as const)("%s is %s", ([address, range]) => {
    expect(unroutableRange(address)).toBe(range);
  });

  it.for([
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.3.1",
    "169.253.1.1",
    "8.8.8.8",
    "fd00::1",
  ])("%s can reach a host", (address) => {
    expect(unroutableRange(address)).toBeNull();
  });
});

describe("a host name", () => {
  it.for([
    "ip-10-0-0-1",
    "10.0.0.1",
    "10-0-0-1.static.example.net",
    "host_192_168_1_25",
    "ec2-54-1-2-3",
  ])("%s is made of an address", (name) => {
    expect(isNameOfAddress(name)).toBe(true);
  });

  it.for(["web-1", "rack-1-2-3", "app-10-300-0-1", "2026-11-22-01-02x1", "10-0.0-1"])(
    "%s is not",
    (name) => {
      expect(isNameOfAddress(name)).toBe(false);
    },
  );

  it("is a default one by its first label, in either case", () => {
    expect(
      ["localhost", "LOCALHOST.localdomain", "raspberrypi", "Ubuntu"].map(isDefaultName),
    ).toEqual([true, true, true, true]);
    expect(["localhost-7", "web", "ubuntu-1"].map(isDefaultName)).toEqual([false, false, false]);
  });
});
