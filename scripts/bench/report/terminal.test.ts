import { noPaint } from '../../../db/reconcile/format';
import { sampleReport } from '../testing/sample-report';
import { formatReport } from './terminal';

const text = formatReport(sampleReport, noPaint);

it('shows each part of each server, with units', () => {
  for (const line of [
    /^A Processor \(2 cores\), 25\.3 GB memory, .*load 0\.400 before, 2\.10 after$/m,
    /^PostgreSQL 17\.11 \+ TimescaleDB 2\.29\.2 Community \(installed\) · 432 s$/m,
    /^shared_buffers=1GB {2}fsync=on/m,
    /^hourly, 30 days +in the server, raw as rows +210 ms +204–218 ms +3\.20 ms .* 65\.6×/m,
    /^ +in the server, raw as declared +105 ms/m,
    /^tsdb import, whole process +200,000 +64,000 rows\/s .* 118 MB \(at most 142\)$/m,
    /^business\.revenue_metrics .* -25\.0 %$/m,
    /^API \/ bare handler +0\.870×/m,
    /^aggregate vs raw rows: hourly, 30 days +timescaledb +at least 50× +65\.6× +met$/m,
    /at least 92 % +82\.8 % +missed$/m,
    /^· Figures of one run/m,
  ])
    expect(text).toMatch(line);
});
