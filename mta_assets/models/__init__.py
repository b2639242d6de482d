"""Attribution models: pure maths, one model per file, one registry. No I/O, no clock, no environment, no orchestrator."""
