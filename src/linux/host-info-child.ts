/** Entry of a short-lived process: prints what systeminformation knows as one JSON document, and is gone with its memory. */
import { osInfo, system } from 'systeminformation';

const [os, machine] = await Promise.all([osInfo(), system()]);
process.stdout.write(
  JSON.stringify({
    name: os.hostname,
    os: `${os.distro} ${os.release}`.trim(),
    kernel: os.kernel,
    product: `${machine.manufacturer} ${machine.model}`.trim(),
  }),
);
