export { startSender, type SenderOptions, type SenderSettings } from "./sender.ts";
