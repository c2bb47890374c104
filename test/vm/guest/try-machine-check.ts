import { diskList, listsSector } from './bad-blocks.ts';
import { injectMachineCheck } from './machine-check.ts';
import { physicalAddress } from './namespace.ts';
import { until } from './wait.ts';

// Raw namespaces are there without labels: the shortest way from a boot to an error in the kernel's list.
injectMachineCheck(physicalAddress('pmem0', 2048));
await until('the sector in the list', () => listsSector(diskList('pmem0'), 2048), 5_000);
console.log('machine check delivered');
