"""`codeword` with limits of the link that a busy machine can keep: what the true ones come to, `bench link` measures."""

from codeword.runtime.link import limits

PATIENT = limits.Limits(hold_s=2.0, lease_s=4.0, stall_s=2.0)

if __name__ == "__main__":
    limits.LIMITS = PATIENT
    from codeword.runtime.cli import main

    main()
