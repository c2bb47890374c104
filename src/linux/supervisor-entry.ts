/** Entry of the supervising parent, so that it holds nothing of the program but itself; options come as one JSON argument. */
import { runSupervisor, type SupervisorOptions } from './supervisor.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<SupervisorOptions, 'warn'>;
const warn = (message: string): void => {
  process.stderr.write(`pmemwatch agent: ${message}\n`);
};
try {
  process.exitCode = await runSupervisor({ ...options, warn });
} catch (error) {
  warn(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
